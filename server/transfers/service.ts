import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { every } from '../../common/timers.js'
import type { ImageTransfer as Row } from '../../prisma/generated/client.js'
import {
  newId,
  type PullImage,
  type PushImage,
  type Transfer,
  type TransferEvent,
  transfer,
  transferEvent,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay, may } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { type Outbound, OutboundRefused } from '../outbound/http.js'
import type { Blobs } from '../registry/blobs.js'
import { RegistryError } from '../registry/error.js'
import type { Manifests } from '../registry/manifests.js'
import { imageOf } from '../registry/names.js'
import type { OwnTemplateService } from '../templates/service.js'
import type { RegistryCredentials } from './credentials.js'
import { TransferLog } from './log.js'
import { Pull } from './pull.js'
import { Push } from './push.js'
import { type Remote, remoteOf } from './remote.js'
import { RegistrySession } from './session.js'
import { knownWordsOf, wordsOf } from './words.js'

/** Of one tenant; the oldest go first. */
const maxKept = 100
/** Of one tenant, and of one server, at the same time. */
const [maxOfTenant, maxOfServer] = [2, 16]
const touchEveryMs = 1000
/** A server says more often than this that it still has a transfer. */
const deadMs = 60_000
/** How often a follower looks for more. */
const lookEveryMs = 300
/** After so long it is over, whatever the other side does. */
const longestMs = 6 * 3_600_000

interface Parts {
  readonly database: Database
  readonly principals: Principals
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly templates: OwnTemplateService
  readonly credentials: RegistryCredentials
  readonly outbound: Outbound
  readonly log: Logger
}

interface Wanted {
  readonly direction: 'pull' | 'push'
  readonly remote: Remote
  readonly local: string
  readonly template: string | null
}
type Act = (parts: ConstructorParameters<typeof Pull>[0]) => Promise<{ digest: string; image: string }>

/** Images on their way from and to other registries. They go on when the call that began them has been answered. */
export class TransferService {
  /** Those that this server has under way. */
  readonly #here = new Map<string, AbortController>()

  constructor(private readonly parts: Parts) {}

  /** @throws ApiError `invalid_request`, `conflict` when too many are under way */
  async pull(who: Principal, { from, image, template: made }: PullImage): Promise<Transfer> {
    assertMay(who, 'image.push')
    const template = made ?? null
    if (template !== null) assertMay(who, 'template.create')
    const remote = remoteOf(from)
    const byDigest = remote.reference.includes(':')
    const local = placeOf(
      image ?? (byDigest ? remote.repository : `${remote.repository}:${remote.reference}`),
    )
    if (local.reference.includes(':')) {
      throw new ApiError('invalid_request', 'name the image with a tag: its digest is that of the registry')
    }
    const tag = image === undefined && byDigest ? null : local.reference
    const shown = tag === null ? `${local.repository}@${remote.reference}` : `${local.repository}:${tag}`
    return this.#begin(who, { direction: 'pull', remote, local: shown, template }, async (parts) => {
      const digest = await new Pull(parts, local.repository).run(tag)
      const found = `${local.repository}@${digest}`
      if (template !== null)
        await this.parts.templates.create(who, { name: template, from: { image: found } })
      return { digest, image: tag === null ? found : shown }
    })
  }

  /** @throws ApiError `invalid_request`, `conflict` when too many are under way; `not_found` when there is no such image */
  async push(who: Principal, { image, to }: PushImage): Promise<Transfer> {
    assertMay(who, 'image.read')
    assertMay(who, 'image.push')
    const remote = remoteOf(to)
    const local = placeOf(image)
    const { digest } = await this.parts.manifests.get(who, local.repository, local.reference).catch(told)
    if (remote.reference.includes(':') && remote.reference !== digest) {
      throw new ApiError('invalid_request', `the image has the digest ${digest}`)
    }
    return this.#begin(who, { direction: 'push', remote, local: image, template: null }, async (parts) => ({
      digest: await new Push(parts, local.repository).run(digest),
      image,
    }))
  }

  /** Newest first. */
  async list(who: Principal): Promise<Transfer[]> {
    assertMay(who, 'image.read')
    const rows = await this.parts.database.prisma.imageTransfer.findMany({
      where: { tenantId: who.tenantId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: maxKept,
    })
    return rows.map(present)
  }

  async get(who: Principal, id: string): Promise<Transfer> {
    assertMay(who, 'image.read')
    return present(await this.#row(who, id))
  }

  /** Ends a transfer; one that has ended stays as it is. Blobs that have come whole are known to the next one. */
  async cancel(who: Principal, id: string): Promise<Transfer> {
    assertMay(who, 'image.push')
    const row = await this.#row(who, id)
    if (row.status !== 'running') return present(row)
    const { prisma } = this.parts.database
    await prisma.imageTransfer.updateMany({ where: { id, status: 'running' }, data: { canceled: true } })
    await audit(prisma, who, 'image.transferCancel', id, { remote: row.remote })
    this.#here.get(id)?.abort()
    return present(row)
  }

  /** What a transfer tells, from the event after `since` to its end. */
  async *events(who: Principal, id: string, since: number): AsyncGenerator<TransferEvent> {
    assertMay(who, 'image.read')
    for (let last = since; ; ) {
      const isOver = (await this.#row(who, id)).status !== 'running'
      const rows = await this.parts.database.prisma.imageTransferEvent.findMany({
        where: { transferId: id, number: { gt: last } },
        orderBy: { number: 'asc' },
        take: 100,
      })
      for (const { number, event } of rows) {
        const raw: unknown = JSON.parse(event)
        yield transferEvent.parse({ ...z.looseObject({}).parse(raw), number })
        last = number
      }
      if (rows.length > 0) continue
      if (isOver) return
      await sleep(lookEveryMs)
    }
  }

  /** Ends those whose server has died. */
  async reconcile(): Promise<void> {
    const dead = { status: 'running', touchedAt: { lt: new Date(Date.now() - deadMs) } }
    const rows = await this.parts.database.prisma.imageTransfer.findMany({ where: dead, take: 100 })
    const error =
      'the server that had this transfer was stopped; begin it again, blobs that are there are known'
    for (const { id } of rows) await this.#end(id, { status: 'failed', error })
  }

  async #begin(who: Principal, wanted: Wanted, act: Act): Promise<Transfer> {
    if (this.#here.size >= maxOfServer) throw new ApiError('conflict', 'too many images are transferred', 10)
    const id = newId('it')
    const cancel = new AbortController()
    // Before anything is waited for: calls at the same time count one another.
    this.#here.set(id, cancel)
    try {
      return await this.#started(id, cancel, who, wanted, act)
    } catch (error) {
      this.#here.delete(id)
      throw error
    }
  }

  async #started(
    id: string,
    cancel: AbortController,
    who: Principal,
    { direction, remote, local, template }: Wanted,
    act: Act,
  ): Promise<Transfer> {
    const { database, blobs, manifests, credentials, outbound } = this.parts
    const credential = await credentials.find(who.tenantId, remote.host)
    const shown = `${remote.host}/${remote.repository}${remote.reference.includes(':') ? '@' : ':'}${remote.reference}`
    const row = await this.#reserve({
      ...{
        id,
        tenantId: who.tenantId,
        direction,
        remote: shown,
        image: local,
        template,
        createdBy: who.actor,
      },
    })
    await audit(database.prisma, who, direction === 'pull' ? 'image.pull' : 'image.send', id, {
      ...{ image: local, remote: shown },
    })
    const stop = new AbortController()
    const signal = AbortSignal.any([cancel.signal, stop.signal, AbortSignal.timeout(longestMs)])
    const actions = direction === 'pull' ? 'pull' : 'pull,push'
    const session = new RegistrySession(outbound, remote, credential, actions, signal)
    const log = new TransferLog(database, id)
    const touching = every(touchEveryMs, 'saying that a transfer goes on', this.parts.log, () =>
      this.#touch(id, who, cancel, stop),
    )
    void act({ who, blobs, manifests, session, log, signal })
      .catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error
      })
      .finally(() => {
        // Answers that have not ended must not outlive it.
        stop.abort()
        this.#here.delete(id)
        touching[Symbol.dispose]()
        return log.flush()
      })
      .then(
        (made) => this.#end(id, { status: 'succeeded', error: null, ...made }),
        (error: unknown) =>
          this.#end(
            id,
            cancel.signal.aborted
              ? { status: 'canceled', error: 'canceled' }
              : { status: 'failed', error: this.#words(id, error) },
          ),
      )
      .then(() => this.#forgetOld(who.tenantId))
      // `reconcile` ends it.
      .catch((error: unknown) =>
        this.parts.log.error({ error, id }, 'the end of a transfer is not written down'),
      )
    return present(row)
  }

  /** @throws ApiError `conflict` */
  async #reserve(
    values: Pick<Row, 'id' | 'tenantId' | 'direction' | 'remote' | 'image' | 'template' | 'createdBy'>,
  ) {
    const { database } = this.parts
    await inTransaction(database.pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 88))', [values.tenantId])
      const { rows } = await client.query<{ count: number }>(
        `SELECT count(*)::INTEGER AS count FROM image_transfer WHERE "tenantId" = $1 AND status = 'running'`,
        [values.tenantId],
      )
      if ((rows[0]?.count ?? 0) >= maxOfTenant) {
        throw new ApiError('conflict', `${maxOfTenant} images are transferred for this tenant already`, 10)
      }
      await client.query(
        `INSERT INTO image_transfer (id, "tenantId", direction, remote, image, template, "createdBy")
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          ...[values.id, values.tenantId, values.direction, values.remote, values.image],
          ...[values.template, values.createdBy],
        ],
      )
    })
    return database.prisma.imageTransfer.findUniqueOrThrow({ where: { id: values.id } })
  }

  async #touch(id: string, who: Principal, cancel: AbortController, stop: AbortController): Promise<void> {
    const [row] = await this.parts.database.prisma.imageTransfer.updateManyAndReturn({
      ...{ where: { id, status: 'running' }, data: { touchedAt: new Date() }, select: { canceled: true } },
    })
    // Without a row it was deleted with its tenant, or ended by a server that took this one for dead.
    if (row === undefined || row.canceled) return cancel.abort()
    const now = await this.parts.principals.again(who)
    if (now !== undefined && may(now, 'image.push')) return
    stop.abort(new ApiError('forbidden', 'whoever began it may not transfer images any more'))
  }

  async #row({ tenantId }: Principal, id: string): Promise<Row> {
    const row = await this.parts.database.prisma.imageTransfer.findFirst({ where: { id, tenantId } })
    if (row === null) throw notFound('transfer')
    return row
  }

  async #end(
    id: string,
    how: {
      readonly status: 'succeeded' | 'failed' | 'canceled'
      readonly error: string | null
      readonly digest?: string
      readonly image?: string
    },
  ): Promise<void> {
    const { prisma } = this.parts.database
    const { status, error } = how
    const event = JSON.stringify({ type: 'end', status, error })
    await prisma.$transaction(async (client) => {
      const { count } = await client.imageTransfer.updateMany({
        where: { id, status: 'running' },
        data: { ...how, endedAt: new Date() },
      })
      if (count === 0) return // it was deleted, or ended by another server
      const last = await client.imageTransferEvent.findFirst({
        where: { transferId: id },
        orderBy: { number: 'desc' },
      })
      const number = (last?.number ?? 0) + 1
      await client.imageTransferEvent.create({ data: { transferId: id, number, event } })
    })
  }

  async #forgetOld(tenantId: string): Promise<void> {
    const { prisma } = this.parts.database
    const old = await prisma.imageTransfer.findMany({
      where: { tenantId, status: { not: 'running' } },
      ...{ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], skip: maxKept, take: 100, select: { id: true } },
    })
    await prisma.imageTransfer.deleteMany({ where: { id: { in: old.map((one) => one.id) } } })
  }

  #words(id: string, error: unknown): string {
    const isKnown = knownWordsOf(error) !== undefined
    if (!isKnown) this.parts.log.warn({ err: error, id }, 'a transfer has failed')
    else if (error instanceof OutboundRefused && error.detail !== undefined) {
      this.parts.log.info({ id, detail: error.detail }, error.message)
    }
    return wordsOf(error)
  }
}

/** @throws ApiError `invalid_request` */
function placeOf(image: string): { repository: string; reference: string } {
  try {
    return imageOf(image)
  } catch (error) {
    return told(error)
  }
}

function told(error: unknown): never {
  if (!(error instanceof RegistryError)) throw error
  throw error.status === 404 ? notFound('image') : new ApiError('invalid_request', error.message)
}

const present = (row: Row): Transfer =>
  transfer.parse({
    ...row,
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  })

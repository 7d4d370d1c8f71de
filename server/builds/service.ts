import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { every } from '../../common/timers.js'
import type { Build as Row } from '../../prisma/generated/client.js'
import {
  type Build,
  type BuildEvent,
  type BuildOptions,
  buildEvent,
  buildStatus,
  limits,
  newId,
  nodeTemplateName,
  quota as quotaSchema,
  sizes,
} from '../../protocol/api/index.js'
import { type NodeBuild, type NodeTemplate, nodeBuildEvent } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound, quotaExceeded } from '../errors.js'
import type { Placer } from '../nodes/placer.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import type { Making, TemplateMaking } from '../templates/making.js'
import { BuildLog, lockRunning, lookEveryMs } from './log.js'

/** Of one tenant; the oldest go first. */
const maxKept = 100
const touchEveryMs = 1000
/** A server says more often than this that it still has a build. */
const deadMs = 60_000

/** Why a build failed whose server is gone. */
export const serverDied = 'the server that had this build was stopped; build again, finished steps are found'

/** It has ended badly, which its log says; no fault of the call that began it. */
class Ended extends Error {
  override readonly name = 'Ended'
}

/** Builds of a tenant: a Dockerfile with its context becomes a template. */
export class BuildService {
  /** Those that this server has on a node. */
  readonly #here = new Map<string, AbortController>()

  constructor(
    private readonly database: Database,
    private readonly placer: Placer,
    private readonly making: TemplateMaking,
    private readonly log: Logger,
  ) {}

  /**
   * Begins a build. It goes on when this has returned.
   * @param context a tar, plain or compressed with gzip
   * @throws ApiError `invalid_request` with the line of the Dockerfile; `quota_exceeded`, `conflict`, `disk_full`
   */
  async start(who: Principal, name: string, options: BuildOptions, context: Readable): Promise<Build> {
    assertMay(who, 'template.create')
    const { tenantId } = who
    const { prisma } = this.database
    const tenant = await prisma.tenant.findUniqueOrThrow({ where: { id: tenantId }, select: { quota: true } })
    const quota = quotaSchema.parse(tenant.quota)
    const wanted = limits.parse({ ...sizes.medium, ...options.limits })
    for (const key of ['cpus', 'memoryMiB', 'diskMiB', 'pids'] as const)
      if (wanted[key] > quota[key]) throw quotaExceeded(key, wanted[key], quota[key])
    const node = await this.placer.home(tenantId)
    const own = await prisma.template.findMany({ where: { tenantId, ready: true, nodeId: node.id } })
    const listed = await node.templates({ recent: true })
    const id = newId('bd')
    const bases = Object.fromEntries([
      ...listed.map((template) => [template.name, template.name] as const),
      ...own.map((row) => [row.name, nodeTemplateName(row.id)] as const),
    ])
    const { description, limits: _, ...rest } = options
    const request = {
      ...{ ...rest, id, tenantId, quota, limits: wanted, bases },
      description: description ?? `built from ${options.dockerfile}`.slice(0, 200),
    }
    const row = {
      ...{ id, tenantId, template: name, target: options.target ?? null, createdBy: who.actor },
      bases: own.map((template) => template.id),
    }
    return new Promise<Build>((resolve, reject) => {
      const accepted = async () => {
        const begun = await prisma.build.create({ data: row })
        await audit(prisma, who, 'template.build', id, { name })
        resolve(present(begun))
      }
      const made = this.making.make(who, { name, source: 'build', node }, (making) =>
        this.#perform(request, making, context, accepted),
      )
      made
        .then(
          () => this.#end(who, row, { status: 'succeeded', error: null }),
          (error: unknown) => this.#failed(who, row, error).finally(() => reject(error)),
        )
        // Whoever waits for the start has heard of it.
        .catch((error: unknown) =>
          this.log.error({ error, id }, 'the end of a build could not be written down'),
        )
    })
  }

  /** Newest first. */
  async list(who: Principal): Promise<Build[]> {
    assertMay(who, 'build.read')
    const rows = await this.database.prisma.build.findMany({
      where: { tenantId: who.tenantId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: maxKept,
    })
    return rows.map(present)
  }

  async get(who: Principal, name: string, id: string): Promise<Build> {
    assertMay(who, 'build.read')
    return present(await this.#row(who, name, id))
  }

  /** Ends a build; one that has ended stays as it is. Its steps that were finished are found by the next one. */
  async cancel(who: Principal, name: string, id: string): Promise<Build> {
    assertMay(who, 'template.create')
    const row = await this.#row(who, name, id)
    if (row.status === 'running') {
      await this.database.prisma.build.updateMany({
        where: { id, status: 'running' },
        data: { canceled: true },
      })
      await audit(this.database.prisma, who, 'template.buildCancel', id, { name })
      this.#here.get(id)?.abort()
    }
    return present(row)
  }

  /** What a build tells, from the event after `since` to its end. */
  async *events(who: Principal, name: string, id: string, since: number): AsyncGenerator<BuildEvent> {
    assertMay(who, 'build.read')
    await this.#row(who, name, id)
    for (let last = since; ; ) {
      const isOver = (await this.#row(who, name, id)).status !== 'running'
      const rows = await this.database.prisma.buildEvent.findMany({
        where: { buildId: id, number: { gt: last } },
        orderBy: { number: 'asc' },
        take: 100,
      })
      for (const { number, event } of rows) {
        const raw: unknown = JSON.parse(event)
        yield buildEvent.parse({ ...z.looseObject({}).parse(raw), number })
        last = number
      }
      if (rows.length > 0) continue
      if (isOver) return
      await sleep(lookEveryMs)
    }
  }

  /** Ends those whose server has died; their node has canceled them. */
  async reconcile(): Promise<void> {
    const dead = { status: 'running', touchedAt: { lt: new Date(Date.now() - deadMs) } }
    const rows = await this.database.prisma.build.findMany({ where: dead, take: 100 })
    for (const { id } of rows) {
      await this.#write(id, { status: 'failed', error: serverDied })
    }
  }

  async #row({ tenantId }: Principal, template: string, id: string): Promise<Row> {
    const row = await this.database.prisma.build.findFirst({ where: { id, tenantId, template } })
    if (row === null) throw notFound('build')
    return row
  }

  async #perform(
    request: Omit<NodeBuild, 'template' | 'bytesMax'>,
    making: Making,
    context: Readable,
    accepted: () => Promise<void>,
  ): Promise<NodeTemplate> {
    const cancel = new AbortController()
    const { id } = request
    const { nodeName, bytesMax, node } = making
    await node.runtime.assertMayChange()
    const stream = await node.runtime.build(
      { ...request, template: nodeName, bytesMax },
      context,
      cancel.signal,
    )
    cancel.signal.addEventListener('abort', () => stream.destroy())
    this.#here.set(id, cancel)
    const log = new BuildLog(this.database, id)
    try {
      await accepted()
      using _ = every(touchEveryMs, 'saying that a build goes on', this.log, () => this.#touch(id, cancel))
      return await this.#follow(stream, log, cancel.signal)
    } finally {
      this.#here.delete(id)
      stream.destroy()
      await log.flush()
    }
  }

  async #follow(stream: ByteStream, log: BuildLog, canceled: AbortSignal): Promise<NodeTemplate> {
    try {
      for await (const line of lines(stream)) {
        const event = nodeBuildEvent.parse(JSON.parse(line))
        if (event.type !== 'end') {
          log.push(event)
          continue
        }
        if (event.template !== null) return event.template
        throw new Ended(event.error ?? 'the build failed')
      }
    } catch (error) {
      if (canceled.aborted) throw new Ended('canceled')
      throw error
    }
    throw canceled.aborted
      ? new Ended('canceled')
      : new Ended('the node ended the build without a word; build again')
  }

  async #touch(id: string, cancel: AbortController): Promise<void> {
    const [row] = await this.database.prisma.build.updateManyAndReturn({
      ...{ where: { id, status: 'running' }, data: { touchedAt: new Date() }, select: { canceled: true } },
    })
    // Another server has ended it, which took this one for dead.
    if (row === undefined || row.canceled) cancel.abort()
  }

  async #failed(who: Principal, row: { id: string; template: string }, error: unknown): Promise<void> {
    const found = await this.database.prisma.build.findUnique({ where: { id: row.id } })
    if (found === null) return // it has not begun
    const isKnown = error instanceof Ended || error instanceof ApiError
    if (!isKnown) this.log.error({ error, id: row.id }, 'a build was lost')
    const words = isKnown ? error.message : 'the node could not be reached any more; build again'
    await this.#end(
      who,
      row,
      found.canceled ? { status: 'canceled', error: 'canceled' } : { status: 'failed', error: words },
    )
  }

  async #end(
    who: Principal,
    { id, template }: { readonly id: string; readonly template: string },
    how: { readonly status: 'succeeded' | 'failed' | 'canceled'; readonly error: string | null },
  ): Promise<void> {
    await this.#write(id, how)
    const { prisma } = this.database
    await audit(prisma, who, 'template.buildEnd', id, { name: template, status: how.status })
    const old = await prisma.build.findMany({
      where: { tenantId: who.tenantId, status: { not: 'running' } },
      ...{ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], skip: maxKept, take: 100, select: { id: true } },
    })
    await prisma.build.deleteMany({ where: { id: { in: old.map((one) => one.id) } } })
  }

  async #write(
    id: string,
    {
      status,
      error,
    }: { readonly status: 'succeeded' | 'failed' | 'canceled'; readonly error: string | null },
  ): Promise<void> {
    const event = JSON.stringify({ type: 'end', status, error })
    await inTransaction(this.database.pool, async (client) => {
      if (!(await lockRunning(client, id))) return
      await client.query(
        `INSERT INTO build_event ("buildId", number, event)
         SELECT $1, coalesce(max(number), 0) + 1, $2 FROM build_event WHERE "buildId" = $1`,
        [id, event],
      )
      await client.query(
        `UPDATE build SET status = $2, error = $3, "endedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`,
        [id, status, error],
      )
    })
  }
}

function present(row: Row): Build {
  const { id, template, error, target, createdBy } = row
  return {
    ...{ id, template, status: buildStatus.parse(row.status), error, target, createdBy },
    ...{ createdAt: row.createdAt.toISOString(), endedAt: row.endedAt?.toISOString() ?? null },
  }
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of stream) {
    const [rest = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n')
    parts.push(rest)
    for (const next of more) {
      yield parts.join('')
      parts = [next]
    }
  }
}

import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import type { Logger } from 'pino'
import { z } from 'zod'
import {
  type CreateSandbox,
  limits as limitsSchema,
  networkPolicy,
  newId,
  type Quota,
  type SandboxWithUsage,
  type StopSandbox,
  stopSandbox,
  type Template,
  type UpdateSandbox,
} from '../../protocol/api/index.js'
import { type Claim, type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { type Action, assertMay, ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction, type Prisma } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError, notFound } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Templates } from '../nodes/templates.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { quotaOf } from '../tenants/tenants.js'
import { record } from '../usage/meter.js'
import { admission, admit, insert, LastSeen, nameTaken, quotaUsage } from './admission.js'
import { isNodeClosed, mayGoElsewhere } from './elsewhere.js'
import { hostnameOf, present } from './rows.js'

type Row = Prisma.SandboxGetPayload<object>

const envSchema = z.record(z.string(), z.string())

/** Sandboxes whose tenant and node are remembered. */
const maxOwners = 10_000
/** One that an operator restores on another node is found there after this time. */
const ownerFreshMs = 60_000
/** Where one belongs. */
type Owner = Pick<Row, 'tenantId' | 'nodeId'>

/** A tenant's sandboxes. Every call checks that the sandbox is the caller's; somebody else's does not exist. */
export class SandboxService {
  readonly #underWay = new Set<string>()
  readonly #lastSeen = new LastSeen()
  /** Tenants and nodes of sandboxes, by id: they never change hands. */
  readonly #owners = new LRUCache<string, Owner>({ max: maxOwners, ttl: ownerFreshMs })

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    readonly templates: Templates,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'tenant') this.#lastSeen.forget(told.id)
      if (told.type === 'sandbox') this.#owners.delete(told.id)
    })
    notices.on('missed', () => {
      this.#lastSeen.clear()
      this.#owners.clear()
    })
  }

  /** Answers when it runs. @throws ApiError `quota_exceeded`, `template_unavailable`, `node_full`, … */
  async create(who: Principal, wanted: CreateSandbox, id: string = newId('sb')): Promise<SandboxWithUsage> {
    assertMay(who, 'sandbox.create')
    const limits = await this.templates.limits(wanted.template, wanted.limits)
    const { template, network, isolation, env = {}, metadata = {} } = wanted
    const name = wanted.name ?? `${template}-${id.slice(-4)}`
    const createdAt = new Date()
    const ttlSeconds = wanted.ttlSeconds ?? null
    const expiresAt = ttlSeconds === null ? null : new Date(createdAt.getTime() + ttlSeconds * 1000)
    const row: Row = {
      ...{ id, tenantId: who.tenantId, name, template, state: 'running', failure: null, limits, network },
      ...{ isolation, env, metadata, ttlSeconds, createdBy: who.actor, createdAt, expiresAt },
      ...{ startedAt: createdAt, deletedAt: null, metered: null, nodeId: null },
      creation: newId('cr'),
    }
    this.#underWay.add(id)
    try {
      return await this.#make(who, row, {
        ...{ tenantId: who.tenantId, template, limits, network, isolation, env },
      })
    } catch (error) {
      if (isNodeClosed(error)) {
        await this.nodes.refresh()
        return await this.create(who, wanted, id)
      }
      // A name that we made up is nobody's mistake: a longer part of another id is taken.
      if (wanted.name !== undefined || !(error instanceof ApiError && error.existingId)) {
        const code = error instanceof ApiError ? error.code : 'internal'
        // Without a database there is no entry, and the caller needs to hear the first error.
        await audit(this.database.prisma, who, 'sandbox.create_failed', id, { name, template, code }).catch(
          () => {},
        )
        throw error
      }
      return await this.create(who, { ...wanted, name: `${template}-${newId('sb').slice(-12)}` }, id)
    } finally {
      this.#underWay.delete(id)
    }
  }

  /**
   * Continues a creation whose server died: what has a row and a sandbox is finished, one without the other is completed.
   *
   * @throws ApiError as `create`, and `not_found` when it was deleted meanwhile
   */
  async resumeCreation(who: Principal, wanted: CreateSandbox, id: string): Promise<SandboxWithUsage> {
    const known = await this.database.prisma.sandbox.findUnique({ where: { id } })
    if (known === null) return this.create(who, wanted, id)
    const row = await this.#rowFor(who, 'sandbox.create', id)
    // Whoever began it may have been stopped only: from now on it undoes nothing.
    const { count } = await this.database.prisma.sandbox.updateMany({
      where: { id, deletedAt: null },
      data: { creation: newId('cr') },
    })
    if (count === 0) throw notFound('sandbox')
    this.#underWay.add(id)
    try {
      const { template, limits, network, isolation } = present(row, undefined)
      // The same answer when the node has it already.
      const node = await this.nodes.reach(row.nodeId)
      const statuses = await node.claim(id, {
        ...{ tenantId: row.tenantId, template, limits, network, isolation, env: envSchema.parse(row.env) },
        ...{ quota: await quotaOf(this.database.prisma, row.tenantId), hostname: hostnameOf(row.name) },
      })
      return present(row, statuses)
    } finally {
      this.#underWay.delete(id)
    }
  }

  async #make(
    who: Principal,
    row: Row,
    wanted: Omit<Claim, 'quota' | 'hostname'>,
  ): Promise<SandboxWithUsage> {
    const { id, tenantId, name, template } = row
    const { limits } = wanted
    const hostname = hostnameOf(name)
    const { memoryMiB, diskMiB } = limits
    const place = { template, isolation: wanted.isolation, purpose: 'sandbox', memoryMiB, diskMiB } as const
    let node = await this.placer.place(tenantId, place)
    const claim = (quota: Quota) => node.runtime.claim(id, { ...wanted, quota, hostname })
    const presumed = this.#lastSeen.presume(tenantId, limits)
    // Most of the time nothing will refuse it, so it is made while the database is asked.
    let claiming = presumed === undefined ? undefined : claim(presumed)
    claiming?.catch(() => {}) // heard below
    // undici puts a call on an idle connection a turn of the event loop later, after a look whether it is still open. The
    // database is asked after that: the node has more to do, and both share the processors.
    if (claiming !== undefined) await setImmediate()
    try {
      const detail = { name, template }
      const entry = { at: row.createdAt, actor: who.actor, action: 'sandbox.create', detail }
      row.nodeId = node.id
      const inserted = await insert(this.database.pool, row, entry).catch(async (error: unknown) => {
        throw await nameTaken(error, this.database.pool, row)
      })
      const seen = quotaUsage(inserted)
      const quota = admit(seen, limits)
      this.#lastSeen.saw(tenantId, seen, limits)
      let statuses: RuntimeSandbox | undefined
      for (const refused = new Set<string>(); statuses === undefined; ) {
        claiming ??= claim(quota)
        try {
          statuses = await claiming
        } catch (error) {
          if (!mayGoElsewhere(error)) throw error
          const next = await this.placer.place(tenantId, place, refused.add(node.id)).catch(() => undefined)
          if (next === undefined) throw error // that of the last node which was asked says more
          const { rows } = await this.database.pool.query('SELECT move_creation($1, $2, $3, $4) AS moved', [
            ...[id, row.creation, node.id, next.id],
          ])
          if (rows[0]?.moved !== true) throw error // another server goes on with it
          node = next
          row.nodeId = next.id
          claiming = undefined
        }
      }
      if (presumed !== undefined && !isDeepStrictEqual(presumed, quota)) {
        await node.runtime.setQuota(tenantId, quota)
      }
      this.#remember(row)
      return present(row, statuses)
    } catch (error) {
      this.#lastSeen.forget(tenantId)
      const isClosed = isNodeClosed(error)
      if (claiming === undefined && (isClosed || error instanceof ApiError)) throw error
      // Nothing half-made stays; should the runtime not hear this, `reconcile.ts` tells it again.
      await claiming?.catch(() => {})
      // Should the runtime have made it all the same, its row was refused: it is known to be nobody's.
      const { rows } = await this.database.pool.query('SELECT undo_creation($1, $2, $3) AS undone', [
        ...[id, row.creation, !(isClosed || (error instanceof ApiError && error.existingId))],
      ])
      // Another server went on with it while this one hung: it is somebody's now.
      if (rows[0]?.undone === true) await node.runtime.remove(id).catch(() => {})
      throw error
    }
  }

  /** Newest first. @param cursor id of the last sandbox of the page before */
  async list(who: Principal, page: { limit: number; cursor?: string | undefined }) {
    assertMay(who, 'sandbox.read')
    const rows = await this.database.prisma.sandbox.findMany({
      omit: { env: true, metered: true },
      where: { tenantId: who.tenantId, deletedAt: null },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: page.limit + 1,
      ...(page.cursor === undefined ? {} : { cursor: { id: page.cursor }, skip: 1 }),
    })
    // Names and states are worth showing even while a node is away.
    const statuses = await this.nodes.statuses(rows.map(({ nodeId }) => nodeId))
    const shown = rows.slice(0, page.limit)
    const items = await Promise.all(shown.map((row) => this.#present(row, statuses.get(row.id))))
    return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<SandboxWithUsage> {
    const row = await this.#rowFor(who, 'sandbox.read', id)
    return this.#present(row, await this.#liveOf(row))
  }

  /** Sets what `wanted` names and nothing else, under a lock of the row: two changes at once both hold. */
  async update(who: Principal, id: string, wanted: UpdateSandbox): Promise<SandboxWithUsage> {
    const { nodeId } = await this.#rowFor(who, 'sandbox.change', id)
    const change = async (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => {
      const row = await lockRow(client, id)
      const before = present(row, undefined)
      const limits = limitsSchema.parse({ ...before.limits, ...wanted.limits })
      const network = wanted.network ?? before.network
      const awake = ['creating', 'running', 'paused'].includes(row.state)
      if (wanted.limits !== undefined) admit(quotaUsage(answers), limits, { awake })
      const { ttlSeconds } = wanted
      const ends = ttlSeconds == null ? null : new Date(row.createdAt.getTime() + ttlSeconds * 1000)
      const set = Object.entries({
        name: wanted.name,
        limits: wanted.limits === undefined ? undefined : JSON.stringify(limits),
        network: wanted.network === undefined ? undefined : JSON.stringify(network),
        metadata: wanted.metadata === undefined ? undefined : JSON.stringify(wanted.metadata),
        ttlSeconds,
        expiresAt: ttlSeconds === undefined ? undefined : ends,
      }).filter(([, value]) => value !== undefined)
      if (set.length > 0) {
        await client.query(
          `UPDATE sandbox SET ${set.map(([name], at) => `"${name}" = $${at + 2}`).join(', ')} WHERE id = $1`,
          [id, ...set.map(([, value]) => value)],
        )
      }
      // The kernel may refuse; then nothing has changed. Should the commit fail after it, `repair` sets it back.
      if (wanted.limits !== undefined || wanted.network !== undefined) {
        const node = await this.nodes.reach(nodeId)
        await node.change(id, { limits, network })
      }
    }
    const first = wanted.limits === undefined ? [] : admission(who.tenantId, id)
    await inTransaction(this.database.pool, change, first).catch(async (error: unknown) => {
      const { name = '' } = wanted
      throw await nameTaken(error, this.database.pool, { tenantId: who.tenantId, name })
    })
    await audit(this.database.prisma, who, 'sandbox.update', id, { changed: Object.keys(wanted) })
    return this.get(who, id)
  }

  /**
   * Gives sandboxes of a node the limits and the network that their rows say, where these differ: after a server or
   * a database that died in the middle of a change.
   */
  async repair({ id: nodeId, runtime }: ServerNode, log: Logger): Promise<void> {
    const statuses = await runtime.list()
    const rows = await this.database.prisma.sandbox.findMany({
      where: { id: { in: statuses.map(({ id }) => id) }, deletedAt: null, nodeId },
      select: { id: true, limits: true, network: true },
    })
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const one of statuses) {
      const row = byId.get(one.id)
      if (row === undefined || agrees(row, one)) continue
      await inTransaction(this.database.pool, async (client) => {
        const now = await lockRow(client, one.id)
        if (agrees(now, await runtime.get(one.id))) return
        const { limits, network } = present(now, undefined)
        log.warn({ id: one.id, limits, had: one.limits }, 'a sandbox is set to the limits that its row says')
        await runtime.change(one.id, { limits, network })
      }).catch((error: unknown) =>
        log.warn({ error, id: one.id }, 'limits of a sandbox could not be repaired'),
      )
    }
  }

  act(who: Principal, id: string, action: 'pause' | 'resume' | 'start'): Promise<SandboxWithUsage> {
    return this.#act(who, id, action, (node) => node.act(id, action))
  }

  /** Answers when every process has ended, at the latest when the grace is over. */
  stop(who: Principal, id: string, how: StopSandbox): Promise<SandboxWithUsage> {
    return this.#act(who, id, 'stop', (node) => stopOn(node, id, how))
  }

  async #act(
    who: Principal,
    id: string,
    action: 'pause' | 'resume' | 'stop' | 'start',
    act: (node: RuntimeClient) => Promise<RuntimeSandbox>,
  ): Promise<SandboxWithUsage> {
    const row = await this.#rowFor(who, 'sandbox.change', id)
    const node = await this.nodes.reach(row.nodeId)
    const starts = action === 'start' && !['running', 'paused'].includes(row.state)
    const quota = starts ? await this.#makeRoom(who, row) : undefined
    try {
      // After a reboot the node knows the tenant's sandboxes, but not what binds them together.
      if (quota !== undefined) await node.setQuota(who.tenantId, quota)
      const statuses = await act(node)
      const { state, failure } = statuses
      const startedAt = action === 'start' ? new Date() : row.startedAt
      await this.database.prisma.sandbox.update({ where: { id }, data: { state, failure, startedAt } })
      await audit(this.database.prisma, who, `sandbox.${action}`, id)
      return present({ ...row, startedAt }, statuses)
    } catch (error) {
      const { state, failure } = row
      if (starts) {
        await this.database.prisma.sandbox.update({ where: { id }, data: { state, failure } })
      }
      throw error
    }
  }

  /** One on a node that is unreachable counts as deleted at once; the node destroys it when it is back (`reconcile.ts`). */
  async remove(who: Principal, id: string): Promise<void> {
    const row = await this.#rowFor(who, 'sandbox.delete', id)
    await this.#destroy(row)
    await audit(this.database.prisma, who, 'sandbox.delete', id)
  }

  /**
   * Stops one whose time is over, so that its processes can end in good order, and deletes it.
   * @returns whether this call did: another server may have, and somebody may have given it more time
   */
  async expire(id: string): Promise<boolean> {
    const row = await this.database.prisma.sandbox.findUniqueOrThrow({ where: { id } })
    try {
      await stopOn(await this.nodes.reach(row.nodeId), id, stopSandbox.parse({}))
    } catch (error) {
      // It is gone already, or will be: deleting it tells.
      if (!(error instanceof ApiError)) throw error
    }
    await this.#recordLast(row)
    // The row decides, when nothing runs any more; then the node hears it, or `reconcile.ts` tells it again.
    const over = `AND "expiresAt" < now() AT TIME ZONE 'UTC'`
    if (!(await this.#markDeleted(id, over))) return false
    const node = await this.nodes.of(row.nodeId)
    await node.runtime.remove(id).catch(() => {})
    return true
  }

  async #destroy(row: Row): Promise<void> {
    const node = await this.nodes.of(row.nodeId)
    if (node.state !== 'unreachable') {
      await this.#recordLast(row)
      await node.runtime.remove(row.id)
    }
    await this.#markDeleted(row.id)
  }

  /** What it used until now. A reading that another server's pass has overtaken is made again. */
  async #recordLast(row: Row): Promise<void> {
    const read = async () => {
      const last = await this.#liveOf(row)
      return last === undefined ? [] : [last]
    }
    for (let tries = 0; tries < 3 && (await record(this.database, read)) > 0; tries++);
  }

  /** The row stays for reference; what a tenant may fill at will does not. @returns whether it was there until now */
  async #markDeleted(id: string, condition = ''): Promise<boolean> {
    this.#owners.delete(id)
    const { rowCount } = await this.database.pool.query(
      `UPDATE sandbox SET state = 'deleted', "deletedAt" = now() AT TIME ZONE 'UTC', env = '{}', metadata = '{}'
       WHERE id = $1 AND "deletedAt" IS NULL ${condition}`,
      [id],
    )
    return rowCount === 1
  }

  /**
   * For calls that the runtime answers, and it knows what is deleted: who has been seen with a sandbox is its owner
   * still, and nobody waits for the database.
   *
   * @returns the node that the sandbox is on
   * @throws ApiError `forbidden`; `not_found` when there is none, or it is another tenant's; `runtime_unavailable` while
   * its node is unreachable
   */
  async authorize(who: Principal, action: Action, id: string): Promise<RuntimeClient> {
    assertMay(who, action)
    const owner = this.#owners.get(id)
    const { nodeId } = owner?.tenantId === who.tenantId ? owner : await this.#row(who, id)
    return this.nodes.reach(nodeId)
  }

  /** What sandboxes can be made from. */
  async listTemplates(who: Principal): Promise<Template[]> {
    assertMay(who, 'template.read')
    return this.templates.list()
  }

  #remember({ id, tenantId, nodeId }: Row): void {
    this.#owners.set(id, { tenantId, nodeId })
  }

  /** @throws ApiError as `authorize` */
  async #rowFor(who: Principal, action: Action, id: string): Promise<Row> {
    assertMay(who, action)
    return this.#row(who, id)
  }

  async #row(who: Principal, id: string): Promise<Row> {
    // Every call about a sandbox asks this first; Prisma takes three times as long for it.
    const { rows } = await this.database.pool.query<Row>({
      ...{ name: 'sandbox-row', text: 'SELECT * FROM sandbox WHERE id = $1', values: [id] },
    })
    const row = ofTenant(who, rows[0], 'sandbox')
    if (row.deletedAt !== null) throw notFound('sandbox')
    this.#remember(row)
    return row
  }

  /** A stopped sandbox holds only its disk; before it starts it needs the rest of its limits again. */
  #makeRoom(who: Principal, row: Row): Promise<Quota> {
    const { limits } = present(row, undefined)
    const make = async (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => {
      const quota = admit(quotaUsage(answers), limits)
      await client.query(`UPDATE sandbox SET state = 'creating' WHERE id = $1`, [row.id])
      return quota
    }
    return inTransaction(this.database.pool, make, admission(who.tenantId, row.id))
  }

  /** The row of one that is being made says what it will be. */
  async #present(
    row: Omit<Row, 'env' | 'metered'>,
    statuses: RuntimeSandbox | undefined,
  ): Promise<SandboxWithUsage> {
    if ((await this.nodes.of(row.nodeId)).state === 'unreachable') {
      return present({ ...row, state: 'unreachable' }, undefined)
    }
    const coming = statuses === undefined && this.#underWay.has(row.id)
    return present(coming ? { ...row, state: 'creating' } : row, statuses)
  }

  async #liveOf({ id, nodeId }: Row): Promise<RuntimeSandbox | undefined> {
    try {
      return await (await this.nodes.reach(nodeId)).get(id)
    } catch (error) {
      if (error instanceof ApiError) return undefined // away, or not there: the row says what was last known
      throw error
    }
  }
}

function stopOn(node: RuntimeClient, id: string, how: StopSandbox): Promise<RuntimeSandbox> {
  return node.ask('POST', `/sandboxes/${id}/stop`, runtimeSandbox, {}, how)
}

/** @throws ApiError `not_found` when it was deleted meanwhile */
async function lockRow(client: pg.PoolClient, id: string): Promise<Row> {
  const { rows } = await client.query<Row>('SELECT * FROM sandbox WHERE id = $1 FOR UPDATE', [id])
  if (rows[0] === undefined || rows[0].deletedAt !== null) throw notFound('sandbox')
  return rows[0]
}

const agrees = (row: Pick<Row, 'limits' | 'network'>, { limits, network }: RuntimeSandbox) =>
  isDeepStrictEqual(limitsSchema.parse(row.limits), limitsSchema.parse(limits)) &&
  isDeepStrictEqual(networkPolicy.parse(row.network), networkPolicy.parse(network))

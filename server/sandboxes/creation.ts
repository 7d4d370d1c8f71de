import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import {
  type CreateSandbox,
  type LimitsRequest,
  newId,
  type Quota,
  type SandboxWithUsage,
  limits as wholeLimits,
} from '../../protocol/api/index.js'
import type { Claim, RuntimeSandbox } from '../../protocol/node/index.js'
import { audit, keyDetail } from '../audit.js'
import { ownerOfCopy } from '../auth/copies.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { assertCreationWithin, assertTemplateWithin, defaultsWithin } from '../auth/within-limits.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError, notFound } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import { type OwnTemplate, type OwnTemplates, onNode } from '../nodes/own-templates.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Templates } from '../nodes/templates.js'
import { quotaOf } from '../tenants/tenants.js'
import { admit, insert, LastSeen, nameTaken, quotaUsage } from './admission.js'
import { isNodeClosed, mayGoElsewhere } from './elsewhere.js'
import type { Ownership, Row } from './ownership.js'
import { hostnameOf, present, volumesOf } from './rows.js'
import { claimedService, type InStack, serviceOf } from './services.js'
import { type Begun, sourceOf } from './source.js'
import { nodeOfVolumes } from './volumes.js'

const envSchema = z.record(z.string(), z.string())

/** Makes sandboxes: admission against the quota, a place, and the claim at the node, each undone when a later one fails. */
export class Creations {
  readonly #underWay = new Set<string>()
  readonly #lastSeen = new LastSeen()

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly templates: Templates,
    private readonly own: OwnTemplates,
    private readonly ownership: Ownership,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'tenant') this.#lastSeen.forget(told.id)
    })
    notices.on('missed', () => this.#lastSeen.clear())
  }

  /** Whether this server is making it at this moment. */
  isUnderWay(id: string): boolean {
    return this.#underWay.has(id)
  }

  /** Answers when it runs. @throws ApiError `quota_exceeded`, `template_unavailable`, `node_full`, … */
  async create(
    who: Principal,
    wanted: CreateSandbox,
    id: string = newId('sb'),
    inStack?: InStack,
    begun?: Begun,
  ): Promise<SandboxWithUsage> {
    // Whoever starts an exam may make its sandbox, and no other.
    assertMay(who, begun === undefined ? 'sandbox.create' : 'class.study')
    const source =
      begun?.source ??
      (wanted.snapshot === undefined ? undefined : await sourceOf(this.database, who, wanted.snapshot))
    const volumes = wanted.volumes ?? []
    if (volumes.length > 0) assertMay(who, 'volume.read')
    const home = await nodeOfVolumes(
      this.database,
      who,
      volumes.map(({ volume }) => volume),
    )
    const template = source?.template ?? wanted.template
    assertTemplateWithin(who, template)
    const { own, defaults } =
      source === undefined
        ? await this.#find(who.tenantId, template)
        : { own: undefined, defaults: source.limits }
    const limits = wholeLimits.parse({ ...defaultsWithin(who, defaults), ...wanted.limits })
    const templateId = source?.templateId ?? own?.id ?? null
    const only = source?.nodeId ?? own?.nodeId ?? home ?? inStack?.nodeId
    if (home !== undefined && only !== home) {
      const what = source === undefined ? 'template' : 'snapshot'
      throw new ApiError('conflict', `the ${what} and the volumes are on different nodes`)
    }
    const { network, isolation, env = {}, metadata = {} } = wanted
    const name = wanted.name ?? `${template}-${id.slice(-4)}`
    const createdAt = new Date()
    const ttlSeconds = wanted.ttlSeconds ?? who.keyLimits?.ttlSeconds ?? null
    assertCreationWithin(who, wanted, { limits, ttlSeconds })
    const expiresAt = ttlSeconds === null ? null : new Date(createdAt.getTime() + ttlSeconds * 1000)
    const row: Row = {
      ...{
        id,
        tenantId: who.tenantId,
        ownerId: ownerOfCopy(who, source?.ownerId ?? ''),
        name,
        template,
        state: 'running',
        failure: null,
        limits,
        network,
      },
      ...{ isolation, env, metadata, ttlSeconds, createdBy: who.actor, createdAt, expiresAt },
      ...{ startedAt: createdAt, deletedAt: null, metered: null, nodeId: null },
      ...{
        creation: newId('cr'),
        idle: wanted.idle === undefined ? ((await this.#idle(own, template)) ?? who.idle) : wanted.idle,
        restart: wanted.restart ?? ((await this.#isSystem(own, template)) ? 'unless-stopped' : 'no'),
        ...{ stopWanted: false, restartAt: null, restarts: 0 },
        activeAt: createdAt,
        asleep: null,
        ...{ snapshotId: source?.id ?? null, templateId },
        volumes: volumes.length === 0 ? null : volumes,
        ...{ stackId: inStack?.stackId ?? null, service: serviceOf(wanted, inStack) },
        assignmentId: begun?.assignmentId ?? null,
        ...{ frozenBy: null, keyId: who.keyId },
      },
    }
    this.#underWay.add(id)
    try {
      return await this.#make(
        who,
        row,
        {
          ...{ tenantId: who.tenantId, template: onNode(row), limits, network, isolation, env },
          ...(source === undefined ? {} : { snapshot: source.id }),
          ...(volumes.length === 0 ? {} : { volumes }),
          ...claimedService(row),
        },
        only,
      )
    } catch (error) {
      if (isNodeClosed(error)) {
        await this.nodes.refresh()
        if (only === undefined) return await this.create(who, wanted, id, inStack, begun)
        const what =
          source !== undefined
            ? 'snapshot'
            : own !== undefined
              ? 'template'
              : home !== undefined
                ? 'volume'
                : 'stack'
        throw new ApiError('node_full', `the node that has this ${what} takes no new sandboxes`)
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
      return await this.create(
        ...([who, { ...wanted, name: `${template}-${newId('sb').slice(-12)}` }, id, inStack, begun] as const),
      )
    } finally {
      this.#underWay.delete(id)
    }
  }

  /**
   * Continues a creation whose server died: what has a row and a sandbox is finished, one without the other is completed.
   *
   * @throws ApiError as `create`, and `not_found` when it was deleted meanwhile
   */
  async resume(
    who: Principal,
    wanted: CreateSandbox,
    id: string,
    inStack?: InStack,
    begun?: Begun,
  ): Promise<SandboxWithUsage> {
    const known = await this.database.prisma.sandbox.findUnique({ where: { id } })
    if (known === null) return this.create(who, wanted, id, inStack, begun)
    const row = await this.ownership.row(who, begun === undefined ? 'sandbox.create' : 'class.study', id)
    // Whoever began it may have been stopped only: from now on it undoes nothing.
    const { count } = await this.database.prisma.sandbox.updateMany({
      where: { id, deletedAt: null },
      data: { creation: newId('cr') },
    })
    if (count === 0) throw notFound('sandbox')
    this.#underWay.add(id)
    try {
      const { limits, network, isolation } = present(row, undefined)
      // The same answer when the node has it already.
      const node = await this.nodes.reach(row.nodeId)
      const statuses = await node.claim(id, {
        ...{ tenantId: row.tenantId, template: onNode(row), limits, network, isolation },
        env: envSchema.parse(row.env),
        ...{ quota: await quotaOf(this.database.prisma, row.tenantId), hostname: hostnameOf(row.name) },
        ...(row.snapshotId === null ? {} : { snapshot: row.snapshotId }),
        ...(row.volumes === null ? {} : { volumes: volumesOf(row) }),
        ...claimedService(row),
      })
      return present(row, statuses)
    } finally {
      this.#underWay.delete(id)
    }
  }

  /** What a template of this name is for a tenant: its own, or everybody's. */
  async #find(
    tenantId: string,
    name: string,
  ): Promise<{ own: OwnTemplate | undefined; defaults: LimitsRequest }> {
    const own = await this.own.find(tenantId, name)
    if (own !== undefined) return { own, defaults: own.shown.defaults }
    try {
      return { own, defaults: await this.templates.limits(name) }
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'template_unavailable')) throw error
      const late = await this.own.find(tenantId, name, { recent: true })
      if (late === undefined) throw error
      return { own: late, defaults: late.shown.defaults }
    }
  }

  async #isSystem(own: OwnTemplate | undefined, name: string) {
    return own === undefined ? this.templates.isSystem(name) : own.shown.system
  }

  async #idle(own: OwnTemplate | undefined, name: string) {
    return own === undefined ? this.templates.idle(name) : own.shown.idle
  }

  /** @throws ApiError `runtime_unavailable` while it is unreachable */
  async #nodeOf(id: string): Promise<ServerNode> {
    await this.nodes.reach(id)
    return this.nodes.of(id)
  }

  /** @param only the node that has what it is made from */
  async #make(
    who: Principal,
    row: Row,
    wanted: Omit<Claim, 'quota' | 'hostname'>,
    only?: string,
  ): Promise<SandboxWithUsage> {
    const { id, tenantId, name, template } = row
    const nodeTemplate = onNode(row)
    const { limits } = wanted
    const hostname = hostnameOf(name)
    const { memoryMiB, diskMiB } = limits
    const { isolation } = wanted
    const place = { template: nodeTemplate, isolation, purpose: 'sandbox', memoryMiB, diskMiB } as const
    let node = only === undefined ? await this.placer.place(tenantId, place) : await this.#nodeOf(only)
    const claim = (quota: Quota) => node.runtime.claim(id, { ...wanted, quota, hostname })
    // A student, or a key with a bound, may have used up their own share, which only the database knows.
    const isFree = row.ownerId === '' && who.keyLimits?.sandboxes === undefined
    const presumed = isFree ? this.#lastSeen.presume(tenantId, limits) : undefined
    // Most of the time nothing will refuse it, so it is made while the database is asked.
    let claiming = presumed === undefined ? undefined : claim(presumed)
    claiming?.catch(() => {}) // heard below
    // undici puts a call on an idle connection a turn of the event loop later, after a look whether it is still open. The
    // database is asked after that: the node has more to do, and both share the processors.
    if (claiming !== undefined) await setImmediate()
    try {
      const detail = { name, template, ...keyDetail(who) }
      const entry = { at: row.createdAt, actor: who.actor, action: 'sandbox.create', detail }
      row.nodeId = node.id
      const inserted = await insert(this.database.pool, row, entry).catch(async (error: unknown) => {
        throw await nameTaken(error, this.database.pool, row, who)
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
          if (only !== undefined || !mayGoElsewhere(error)) throw error
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
      this.ownership.remember(row)
      node.confirmations.add(id)
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
}

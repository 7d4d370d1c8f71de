import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { Stack as Row } from '../../prisma/generated/client.js'
import {
  type createStack,
  type Limits,
  newId,
  type Stack,
  type StackPreview,
  type StackWithFile,
  type Template,
  limits as wholeLimits,
} from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { type Action, assertMay, ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, quotaExceeded } from '../errors.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { PreviewHosts } from '../previews/hosts.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'
import type { SandboxService } from '../sandboxes/service.js'
import { nodeOfVolumes } from '../sandboxes/volumes.js'
import { type ComposePlan, imageOf, type PlannedService, planOf, readCompose } from './compose/plan.js'
import { refused } from './compose/refused.js'
import { type StackPlan, sandboxNameOf } from './plan.js'
import { planOfRow, presentService, presentStack } from './state.js'

/** Of one tenant. Those that are stopped hold little, and are looked at all the same. */
const maxStacks = 100
/** A name of a sandbox. */
const nameMax = 64
/** Whoever deletes one waits so long; it goes on by itself. */
const [deletingMs, lookMs] = [30_000, 200]
const usualVolumeMiB = 1024

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Stacks of tenants: several sandboxes that a compose file asks for. What is wanted is written down here; `StackDriver` does it. */
export class StackService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly sandboxes: SandboxService,
    private readonly own: OwnTemplates,
    private readonly hosts: PreviewHosts,
  ) {}

  /**
   * Answers when the file is understood and there is room for all of it; then its services are started.
   * @throws ApiError `invalid_request` with the path in the file, `quota_exceeded`, `conflict` when a name is taken
   */
  async create(who: Principal, wanted: z.output<typeof createStack>): Promise<StackWithFile> {
    assertMay(who, 'stack.create')
    assertMay(who, 'sandbox.create')
    const { name, plan: asked } = planOf(wanted.compose, wanted.variables ?? {}, wanted.name, wanted.files)
    if (asked.volumes.length > 0) assertMay(who, 'volume.create')
    const { plan, nodeId } = await this.#resolve(who, name, asked)
    const id = newId('sk')
    await this.#insert(who, { id, name, compose: wanted.compose, nodeId }, plan)
    const services = plan.services.map((one) => one.name)
    await audit(this.database.prisma, who, 'stack.create', id, { name, services: services.join(', ') })
    return this.get(who, id)
  }

  /** What a file asks for. Nothing is begun. @throws ApiError `invalid_request` with the path in the file */
  async preview(who: Principal, wanted: z.output<typeof createStack>): Promise<StackPreview> {
    assertMay(who, 'stack.create')
    const { stack: name, file } = readCompose(wanted.compose, wanted.variables ?? {}, wanted.name)
    const templates = await this.sandboxes.listTemplates(who)
    const files = new Map<string, boolean>()
    for (const { path, required } of Object.values(file.services).flatMap((of) => of.env_file ?? [])) {
      files.set(path, required || files.get(path) === true)
    }
    return {
      name,
      services: Object.entries(file.services).map(([service, of]) => {
        const image = imageOf(name, service, of)
        const found = templateOf(templates, image)
        return {
          ...{ name: service, template: found?.name ?? image, exists: found !== undefined },
          build: of.build ?? null,
        }
      }),
      files: [...files].map(([path, required]) => ({ path, required })),
    }
  }

  /** Newest first. @param cursor id of the last one of the page before */
  async list(
    who: Principal,
    { limit, cursor }: Page,
  ): Promise<{ items: Stack[]; nextCursor: string | null }> {
    assertMay(who, 'stack.read')
    const { stack } = this.database.prisma
    await requireCursor(cursor, (id) => stack.count({ where: { id, tenantId: who.tenantId } }))
    const rows = await stack.findMany({
      where: { tenantId: who.tenantId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    })
    const shown = rows.slice(0, limit)
    const items = await this.#present(shown)
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<StackWithFile> {
    const row = await this.row(who, 'stack.read', id)
    const [shown] = await this.#present([row], { now: true })
    if (shown === undefined) throw new Error('a stack is presented as none')
    return { ...shown, compose: row.compose }
  }

  /** Starts what does not run, in its order; also after a start that has failed. */
  start(who: Principal, id: string): Promise<StackWithFile> {
    return this.#want(who, id, 'running', 'stack.start')
  }

  /** Stops all of it, those first that depend on others. Disks and volumes are kept. */
  stop(who: Principal, id: string): Promise<StackWithFile> {
    return this.#want(who, id, 'stopped', 'stack.stop')
  }

  /** Deletes its sandboxes with their disks. Volumes stay. */
  async remove(who: Principal, id: string): Promise<void> {
    const row = await this.row(who, 'stack.delete', id)
    assertMay(who, 'sandbox.delete')
    await this.#write(id, 'deleted')
    await audit(this.database.prisma, who, 'stack.delete', id, { name: row.name })
    for (let waitedMs = 0; waitedMs < deletingMs; waitedMs += lookMs) {
      if ((await this.database.prisma.stack.count({ where: { id } })) === 0) return
      await sleep(lookMs)
    }
  }

  /** The row of a stack, for who acts on it. @throws ApiError `not_found`, `forbidden` */
  async row(who: Principal, action: Action, id: string): Promise<Row> {
    assertMay(who, action)
    return ofTenant(who, await this.database.prisma.stack.findUnique({ where: { id } }), 'stack')
  }

  async #want(
    who: Principal,
    id: string,
    wanted: 'running' | 'stopped',
    action: 'stack.start' | 'stack.stop',
  ): Promise<StackWithFile> {
    const row = await this.row(who, 'stack.change', id)
    assertMay(who, 'sandbox.change')
    if (!(await this.#write(id, wanted))) throw new ApiError('conflict', 'the stack is being deleted')
    await audit(this.database.prisma, who, action, id, { name: row.name })
    return this.get(who, id)
  }

  /** @returns false when it is being deleted: nothing else is wanted of it any more */
  async #write(id: string, wanted: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE stack SET wanted = $2, turn = turn + 1, problem = NULL,
         "driveAt" = now() AT TIME ZONE 'UTC', "wantedAt" = now() AT TIME ZONE 'UTC'
       WHERE id = $1 AND (wanted <> 'deleted' OR $2 = 'deleted')`,
      [id, wanted],
    )
    return rowCount === 1
  }

  /** Finds what the file names: templates, volumes, and the node that has them. */
  async #resolve(
    who: Principal,
    name: string,
    asked: ComposePlan,
  ): Promise<{ plan: StackPlan; nodeId: string | null }> {
    const templates = await this.sandboxes.listTemplates(who)
    const homes = new Map<string, string>()
    const services = await Promise.all(
      asked.services.map(async (one) => {
        const path = `services.${one.name}`
        if (sandboxNameOf(name, one.name).length > nameMax) {
          throw refused(
            path,
            `the names of stack and service together must have at most ${nameMax - 1} characters`,
          )
        }
        const template = templateOf(templates, one.image)
        if (template === undefined) throw noTemplate(path, one)
        const says =
          template.image !== null && template.image.entrypoint.length + template.image.cmd.length > 0
        if (one.service.command === undefined && one.service.entrypoint === undefined && !says) {
          throw refused(path, `the template ${template.name} says no program: add a command`)
        }
        if (!template.isolation.includes('standard')) {
          throw refused(
            `${path}.image`,
            `the template ${template.name} has no standard isolation, which services have`,
          )
        }
        const own = template.own === null ? undefined : await this.own.find(who.tenantId, template.name)
        if (own !== undefined) homes.set(own.nodeId, `the template ${template.name}`)
        const limits = wholeLimits.parse({ ...template.defaults, ...one.limits })
        return { ...one, template: template.name, limits, sandbox: newId('sb') }
      }),
    )
    const volumes = await Promise.all(
      asked.volumes.map(async (one) => {
        const row = await this.database.prisma.volume.findFirst({
          where: { tenantId: who.tenantId, name: one.name, ofId: null, ready: true },
        })
        if (row === null && one.external)
          throw refused(
            `volumes.${one.key}`,
            `there is no volume named ${one.name}: create it, or leave external out`,
          )
        if (row !== null)
          homes.set(
            (await nodeOfVolumes(this.database, who, [row.id])) ?? row.nodeId,
            `the volume ${one.name}`,
          )
        return { ...one, id: row?.id ?? null }
      }),
    )
    if (homes.size > 1)
      throw new ApiError(
        'conflict',
        `${[...homes.values()].join(' and ')} are on different nodes, and a stack is on one`,
      )
    const [home] = homes.keys()
    return { plan: { services, volumes }, nodeId: home ?? (await this.placer.home(who.tenantId)).id }
  }

  /** Under the lock of the tenant: of two stacks for the last place the second is refused. */
  async #insert(
    who: Principal,
    row: {
      readonly id: string
      readonly name: string
      readonly compose: string
      readonly nodeId: string | null
    },
    plan: StackPlan,
  ): Promise<void> {
    const { tenantId } = who
    const names = plan.services.map(({ name }) => sandboxNameOf(row.name, name))
    await inTransaction(
      this.database.pool,
      async (client, answers) => {
        assertFits(quotaUsage(answers), plan)
        const { rows: stacks } = await client.query<{ id: string; name: string }>(
          'SELECT id, name FROM stack WHERE "tenantId" = $1',
          [tenantId],
        )
        if (stacks.length >= maxStacks)
          throw new ApiError('conflict', `a tenant has at most ${maxStacks} stacks`)
        const same = stacks.find(({ name }) => name === row.name)
        if (same !== undefined) {
          throw new ApiError(
            'conflict',
            `a stack named ${row.name} exists already (${same.id}); choose another name`,
            undefined,
            same.id,
          )
        }
        const { rows: taken } = await client.query<{ id: string; name: string }>(
          `SELECT id, name FROM sandbox
           WHERE "tenantId" = $1 AND "ownerId" = '' AND "deletedAt" IS NULL AND name = ANY ($2)`,
          [tenantId, names],
        )
        if (taken[0] !== undefined) {
          throw new ApiError(
            'conflict',
            `a sandbox named ${taken[0].name} exists already (${taken[0].id}), which is what a service would be called; choose another name`,
          )
        }
        await client.query(
          `INSERT INTO stack (id, "tenantId", name, compose, plan, "nodeId", "createdBy", "driveAt", "wantedAt", "createdAt")
           SELECT $1, $2, $3, $4, $5, $6, $7, now, now, now FROM (SELECT now() AT TIME ZONE 'UTC' AS now) AS clock`,
          [row.id, tenantId, row.name, row.compose, JSON.stringify(plan), row.nodeId, who.actor],
        )
      },
      admission(tenantId, ''),
    )
  }

  /** As their nodes have them at this moment. One that does not answer says nothing. */
  async #live(
    members: readonly { readonly id: string; readonly nodeId: string | null }[],
  ): Promise<ReadonlyMap<string, RuntimeSandbox>> {
    const found = await Promise.all(
      members.map(async ({ id, nodeId }) => {
        try {
          return [await (await this.nodes.reach(nodeId)).get(id)]
        } catch (error) {
          if (error instanceof ApiError) return []
          throw error
        }
      }),
    )
    return new Map(found.flat().map((one) => [one.id, one]))
  }

  /** @param now asks nodes; otherwise states may be a second old */
  async #present(rows: readonly Row[], { now = false } = {}): Promise<Stack[]> {
    const ids = rows.map(({ id }) => id)
    const members = await this.database.prisma.sandbox.findMany({
      where: { stackId: { in: ids }, deletedAt: null },
      select: { id: true, state: true, failure: true, nodeId: true },
    })
    const byId = new Map(members.map((one) => [one.id, one]))
    const there = now
      ? await this.#live(members)
      : await this.nodes.statuses(members.map(({ nodeId }) => nodeId))
    const away = new Set(
      (await this.nodes.all()).filter(({ state }) => state === 'unreachable').map(({ id }) => id),
    )
    return rows.map((row) => {
      const services = planOfRow(row).services.map((one) => {
        const member = byId.get(one.sandbox)
        const isAway = member !== undefined && away.has(member.nodeId ?? '')
        return presentService(one, member, there.get(one.sandbox), isAway, this.hosts)
      })
      return presentStack(row, services)
    })
  }
}

/** By its name, or by the name that its image had. */
const templateOf = (templates: readonly Template[], image: string): Template | undefined =>
  templates.find(({ name }) => name === image) ?? templates.find((one) => one.image?.reference === image)

const noTemplate = (path: string, { image, built }: PlannedService) =>
  refused(
    `${path}.${built ? 'build' : 'image'}`,
    `there is no template ${JSON.stringify(image.slice(0, 100))}: ${
      built
        ? `build it first (cloche build DIR -t ${image}); cloche stack up does so`
        : 'images are imported as templates first (cloche template import), or built (cloche build)'
    }`,
  )

/** @throws ApiError `quota_exceeded` that names what is short for all of it */
function assertFits({ quota, held }: ReturnType<typeof quotaUsage>, { services, volumes }: StackPlan): void {
  const sum = (of: (limits: Limits) => number) => services.reduce((all, { limits }) => all + of(limits), 0)
  const fresh = volumes.filter(({ id }) => id === null)
  const wanted = {
    sandboxes: services.length,
    cpus: sum(({ cpus }) => cpus),
    memoryMiB: sum(({ memoryMiB }) => memoryMiB),
    diskMiB:
      sum(({ diskMiB }) => diskMiB) +
      fresh.reduce((all, { sizeMiB }) => all + (sizeMiB ?? usualVolumeMiB), 0),
    pids: sum(({ pids }) => pids),
  }
  for (const part of ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const) {
    if (held[part] + wanted[part] <= quota[part]) continue
    throw quotaExceeded(part, wanted[part], Math.max(0, quota[part] - held[part]))
  }
}

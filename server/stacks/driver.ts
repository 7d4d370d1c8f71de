import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Sandbox as Member, Stack as Row } from '../../prisma/generated/client.js'
import { newId } from '../../protocol/api/index.js'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import type { Principal } from '../auth/principal.js'
import { wholeSight } from '../auth/sight.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { VolumeService } from '../volumes/service.js'
import { backwards, readiness } from './order.js'
import { membershipOf, type StackPlan, type StackPlanService, sandboxOf } from './plan.js'
import { planOfRow } from './state.js'

/** Stacks that one server works on at once, of all tenants and of one: a step that hangs holds its place. */
const [atOnce, ofOneTenant] = [8, 2]
/** A server that ends waits so long for steps under way. Whoever is elected next goes on with them. */
const endingMs = 5000
/** Between two looks at a stack that is being started: at first, and when it takes long. */
const [firstMs, laterMs] = [500, 5000]
const longMs = 120_000
/** After something went wrong. */
const retryMs = 10_000
/** A stack that cannot be started is not tried for ever; whoever starts it again tries again. */
const givenUpMs = 600_000
/** Processes have so long to end when a stack is stopped. */
const graceSeconds = 10

/** What is to be looked at next, and what is wrong until then. */
interface Next {
  /** Null when it is as it is wanted. */
  readonly inMs: number | null
  readonly problem: string | null
}
const done: Next = { inMs: null, problem: null }

/** The next ones of each tenant, however many wait: without those that are worked on, and tenants that have their places. */
const due = `
  SELECT id, "tenantId" FROM (
    SELECT id, "tenantId", "driveAt", row_number() OVER (PARTITION BY "tenantId" ORDER BY "driveAt") AS place
    FROM stack
    WHERE "driveAt" <= now() AT TIME ZONE 'UTC' AND id <> ALL ($1) AND "tenantId" <> ALL ($2)
  ) AS waiting
  WHERE place <= ${ofOneTenant} ORDER BY "driveAt" LIMIT 100`
/** Unless something else is wanted by now. */
const note = `
  UPDATE stack SET problem = $3, "driveAt" = now() AT TIME ZONE 'UTC' + make_interval(secs => $4::FLOAT8 / 1000)
  WHERE id = $1 AND turn = $2`
/** One whose row is gone leaves sandboxes that nobody knows to be its own: there must be none. */
const forget = `
  DELETE FROM stack WHERE id = $1 AND wanted = 'deleted'
    AND NOT EXISTS (SELECT FROM sandbox WHERE "stackId" = $1 AND "deletedAt" IS NULL)`

/**
 * Brings stacks to what is wanted of them, step by step. Each step looks at what there is and does what is next, so it does
 * not matter who made the steps before, where a server was killed among them, and whether two servers make one at once.
 */
export class StackDriver implements AsyncDisposable {
  readonly #busy = new Map<string, { readonly tenantId: string; readonly step: Promise<void> }>()

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly sandboxes: SandboxService,
    private readonly volumes: VolumeService,
    private readonly log: Logger,
  ) {}

  /** Begins the next step of every stack whose time has come. A long one does not keep others waiting. */
  async drive(): Promise<void> {
    const full = [...this.#busy.values()]
      .map(({ tenantId }) => tenantId)
      .filter((one) => !this.#hasPlace(one))
    const { rows } = await this.database.pool.query<{ id: string; tenantId: string }>(due, [
      ...[[...this.#busy.keys()], full],
    ])
    for (const { id, tenantId } of rows) {
      if (this.#busy.size >= atOnce) return
      if (this.#busy.has(id) || !this.#hasPlace(tenantId)) continue
      const step = this.#step(id)
        .catch((error: unknown) =>
          this.log.error({ err: error, id }, 'a step of a stack was lost and is made again'),
        )
        .finally(() => this.#busy.delete(id))
      this.#busy.set(id, { tenantId, step })
    }
  }

  #hasPlace(tenantId: string): boolean {
    return [...this.#busy.values()].filter((one) => one.tenantId === tenantId).length < ofOneTenant
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const steps = Promise.all([...this.#busy.values()].map(({ step }) => step))
    await Promise.race([steps, sleep(endingMs, undefined, { ref: false })])
  }

  async #step(id: string): Promise<void> {
    const row = await this.database.prisma.stack.findUnique({ where: { id } })
    if (row === null || row.driveAt === null) return
    const { inMs, problem } = await this.#act(row).catch((error: unknown): Next => {
      if (error instanceof DiskAway) return { inMs: null, problem: error.message }
      if (!(error instanceof ApiError)) this.log.error({ err: error, id }, 'a step of a stack has failed')
      const words =
        error instanceof ApiError ? error.message : 'something went wrong inside Cloche; it is tried again'
      return { inMs: retryMs, problem: words }
    })
    const isLate = Date.now() - row.wantedAt.getTime() > givenUpMs
    const gives = row.wanted === 'running' && problem !== null && isLate
    await this.database.pool.query(note, [id, row.turn, problem, gives ? null : inMs])
  }

  #act(row: Row): Promise<Next> {
    if (row.wanted === 'deleted') return this.#delete(row)
    return row.wanted === 'stopped' ? this.#stop(row) : this.#run(row)
  }

  async #run(row: Row): Promise<Next> {
    const who = principalOf(row)
    const nodeId = row.nodeId ?? (await this.#place(row))
    const volumes = await this.#volumes(who, row, nodeId)
    const plan = planOfRow(row)
    const node = await this.nodes.reach(nodeId)
    const there = new Map<string, RuntimeSandbox>()
    for (const of of plan.services) {
      const found = await this.#sandbox(who, row, plan, of, { nodeId, volumes })
      if (found === undefined) return { inMs: 0, problem: null } // something else is wanted
      there.set(of.name, found)
    }
    const problems: string[] = []
    let waits = false
    for (const of of plan.services) {
      if (there.get(of.name)?.service?.state !== 'waiting') continue
      const found = of.dependsOn.map((one) => readiness(one, there.get(one.service)?.service))
      const vain = found.find((one) => typeof one === 'object')
      if (vain !== undefined && typeof vain === 'object')
        problems.push(`${of.name} was not started: ${vain.problem}`)
      if (found.some((one) => one !== 'ready')) {
        waits = true
        continue
      }
      const path = `/sandboxes/${of.sandbox}/service`
      there.set(of.name, await node.ask('PUT', path, runtimeSandbox, {}, { wanted: true }))
    }
    const isLong = Date.now() - row.wantedAt.getTime() > longMs
    return waits ? { inMs: isLong ? laterMs : firstMs, problem: problems.join('; ') || null } : done
  }

  /** The sandbox of a service, running. @returns undefined when the stack is to be something else by now */
  async #sandbox(
    who: Principal,
    row: Row,
    plan: StackPlan,
    of: StackPlanService,
    where: { readonly nodeId: string; readonly volumes: ReadonlyMap<string, string> },
  ): Promise<RuntimeSandbox | undefined> {
    const known = await this.database.prisma.sandbox.findUnique({ where: { id: of.sandbox } })
    if (known !== null && known.deletedAt !== null) {
      // Somebody deleted it. Its id is never used again.
      of.sandbox = newId('sb')
      const { count } = await this.database.prisma.stack.updateMany({
        where: { id: row.id, turn: row.turn },
        data: { plan },
      })
      if (count === 0) return undefined
    }
    const node = await this.nodes.reach(where.nodeId)
    const look = () =>
      node.get(of.sandbox).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'not_found') return undefined
        throw error
      })
    const before = await look()
    const isNew = known === null || known.deletedAt !== null
    if (before === undefined && !isNew && !isUnfinished(known)) throw new DiskAway(of.name)
    if (before === undefined || isNew) {
      const inStack = { stackId: row.id, nodeId: where.nodeId, membership: membershipOf(row.id, of) }
      const wanted = sandboxOf(row.name, of, where.volumes)
      await this.sandboxes.resumeCreation(who, wanted, of.sandbox, inStack)
    } else if (before.state === 'stopped') await this.sandboxes.act(who, of.sandbox, 'start')
    else if (before.state === 'paused') await this.sandboxes.act(who, of.sandbox, 'resume')
    else {
      if (known.creation !== null) await this.#finish(of.sandbox)
      return before
    }
    const now = await look()
    if (now !== undefined) await this.#finish(of.sandbox)
    return now
  }

  /** Its creation has come to an end: from now on there is a disk that may hold something. */
  async #finish(id: string): Promise<void> {
    await this.database.prisma.sandbox.updateMany({
      where: { id, deletedAt: null },
      data: { creation: null },
    })
  }

  /** Ids of its volumes by their keys. Those that are missing are made, and stay when the stack is deleted. */
  async #volumes(who: Principal, row: Row, nodeId: string): Promise<Map<string, string>> {
    const ids = new Map<string, string>()
    for (const { key, id, name, sizeMiB, external } of planOfRow(row).volumes) {
      const found = external
        ? id
        : (await this.volumes.ensure(who, { name, ...(sizeMiB === null ? {} : { sizeMiB }) }, nodeId)).id
      if (found !== null) ids.set(key, found)
    }
    return ids
  }

  async #place(row: Row): Promise<string> {
    const { id } = await this.placer.home(row.tenantId)
    const placed = await this.database.prisma.stack.updateMany({
      where: { id: row.id, nodeId: null },
      data: { nodeId: id },
    })
    if (placed.count === 1) return id
    throw new ApiError('conflict', 'the stack was placed by another server')
  }

  /** One group in a step: it takes as long as its processes take to end. */
  async #stop(row: Row): Promise<Next> {
    const who = principalOf(row)
    const there = new Map((await this.#members(row.id)).map((one) => [one.id, one]))
    for (const group of backwards(planOfRow(row).services)) {
      const stopped = await Promise.all(
        group.map(async ({ sandbox }) => {
          const member = there.get(sandbox)
          if (member === undefined || member.state === 'failed') return false
          const node = await this.nodes.reach(member.nodeId)
          const now = await node.get(sandbox)
          if (now.service !== null) {
            // It is started in its turn when the stack is started again.
            await node.ask('PUT', `/sandboxes/${sandbox}/service`, runtimeSandbox, {}, { wanted: false })
          }
          if (now.state === 'stopped') return false
          await this.sandboxes.stop(who, sandbox, { graceSeconds })
          return true
        }),
      )
      if (stopped.includes(true)) return { inMs: 0, problem: null }
    }
    return done
  }

  async #delete(row: Row): Promise<Next> {
    const who = principalOf(row)
    const members = await this.#members(row.id)
    await Promise.all(
      members.map(({ id }) =>
        this.sandboxes.remove(who, id).catch((error: unknown) => {
          // Somebody else has deleted it.
          if (!(error instanceof ApiError && error.code === 'not_found')) throw error
        }),
      ),
    )
    const { rowCount } = await this.database.pool.query(forget, [row.id])
    return rowCount === 1 ? done : { inMs: firstMs, problem: null }
  }

  /** Sandboxes that there are of it, also those that its plan knows no more. */
  #members(stackId: string) {
    return this.database.prisma.sandbox.findMany({
      where: { stackId, deletedAt: null },
      select: { id: true, state: true, nodeId: true },
    })
  }
}

/** Nothing is made in its place: that would be empty, and whoever asks for what was in it finds it gone. */
class DiskAway extends Error {
  constructor(service: string) {
    super(`the disk of ${service} is not on its node; ask your operator`)
  }
}

/** Whether a sandbox never came to be, so that there is nothing to lose. */
const isUnfinished = ({ creation, metered, startedAt, createdAt }: Member) =>
  creation !== null && metered === null && startedAt?.getTime() === createdAt.getTime()

/** Whoever asked for it may: that was decided then. The audit log says that it was not done by hand. */
const principalOf = ({ tenantId, name }: Row): Principal => ({
  ...{ kind: 'key', userId: null, sessionId: null, keyId: null, actor: `stack ${name}`, tenantId },
  ...{ role: 'member', operator: false, readsAdministration: false, auditsCommands: false },
  ...{ keyLimits: null, idle: null, unattended: true, sight: wholeSight() },
})

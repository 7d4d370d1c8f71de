import type pg from 'pg'
import type { Logger } from 'pino'
import {
  type CreateSandbox,
  type Quota,
  type SandboxWithUsage,
  type StopSandbox,
  stopSandbox,
  type Template,
  type UpdateSandbox,
} from '../../protocol/api/index.js'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { type Action, assertMay, belongsTo, may, ownSandboxes } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import { allowsTemplate } from '../auth/within-limits.js'
import { type Database, inTransaction } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError } from '../errors.js'
import { ShareAccess } from '../guests/access.js'
import { Guests, type Held } from '../guests/guests.js'
import type { ServerNode } from '../nodes/node.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Templates } from '../nodes/templates.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { heldBySandbox, requireRoomOfStudent } from '../tenants/student-quota.js'
import { record } from '../usage/meter.js'
import { ActiveTime } from './active-time.js'
import { Activity, type Open } from './activity.js'
import { admission, admit, quotaUsage } from './admission.js'
import { Changes, lockRow } from './changes.js'
import { Creations } from './creation.js'
import { Freezer } from './freezer.js'
import { Ownership, type Row } from './ownership.js'
import { present } from './rows.js'
import type { InStack } from './services.js'
import { Sleep } from './sleep.js'
import type { Begun } from './source.js'

/** What needs a sandbox awake. Its files are there while it is paused. */
const waking: ReadonlySet<Action> = new Set([
  ...([
    'sandbox.keep_awake',
    'exec.start',
    'process.start',
    'process.write',
    'terminal.open',
    'lsp.open',
  ] as const),
])

const withoutMaker = ({ own, ...one }: Template): Template => ({
  ...one,
  own: own && { ...own, createdBy: null },
})

/** A tenant's sandboxes. Every call checks that the sandbox is the caller's; somebody else's does not exist. */
export class SandboxService {
  readonly #ownership: Ownership
  readonly #creations: Creations
  readonly #changes: Changes
  readonly activity: Activity
  readonly activeTime: ActiveTime
  readonly shares: ShareAccess
  readonly guests: Guests
  readonly sleep: Sleep
  readonly freezer: Freezer

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    placer: Placer,
    readonly templates: Templates,
    private readonly own: OwnTemplates,
    notices: Notices,
    private readonly watch: AccessWatch,
  ) {
    this.shares = new ShareAccess(database, notices)
    this.guests = new Guests(this.shares, notices)
    this.#ownership = new Ownership(database, nodes, this.shares, notices)
    this.#creations = new Creations(database, nodes, placer, templates, own, this.#ownership, notices)
    this.#changes = new Changes(database, nodes, this.#ownership)
    this.activity = new Activity(database)
    this.activeTime = new ActiveTime(database)
    this.freezer = new Freezer(database, nodes)
    this.sleep = new Sleep(
      ...([database, nodes, notices] as const),
      (id) => this.startAgain(id, ({ asleep }) => asleep !== null),
      (row) => this.freezer.keep(row),
    )
  }

  /** Answers when it runs. @throws ApiError `quota_exceeded`, `template_unavailable`, `node_full`, … */
  async create(
    who: Principal,
    wanted: CreateSandbox,
    id?: string,
    inStack?: InStack,
    begun?: Begun,
  ): Promise<SandboxWithUsage> {
    return this.#kept(who, await this.#creations.create(who, wanted, id, inStack, begun))
  }

  /**
   * Continues a creation whose server died.
   * @throws ApiError as `create`, and `not_found` when it was deleted meanwhile
   */
  async resumeCreation(
    who: Principal,
    wanted: CreateSandbox,
    id: string,
    inStack?: InStack,
    begun?: Begun,
  ): Promise<SandboxWithUsage> {
    return this.#kept(who, await this.#creations.resume(who, wanted, id, inStack, begun))
  }

  /** Of one that was made just now: as it is when a lesson freezes whose it is. */
  async #kept(who: Principal, made: SandboxWithUsage): Promise<SandboxWithUsage> {
    const row = { id: made.id, tenantId: who.tenantId, ownerId: made.ownerId ?? '' }
    return (await this.freezer.keep(row)) ? this.get(who, made.id) : made
  }

  /** Changes what `wanted` names. @throws ApiError `quota_exceeded`, `conflict` when the name is taken */
  async update(who: Principal, id: string, wanted: UpdateSandbox): Promise<SandboxWithUsage> {
    await this.#changes.update(who, id, wanted)
    return this.get(who, id)
  }

  /** Gives sandboxes of a node the limits and the network that their rows say. */
  repair(node: ServerNode, log: Logger): Promise<void> {
    return this.#changes.repair(node, log)
  }

  /**
   * For what acts on a sandbox, which is in use then, and is woken for what needs it awake.
   * @returns the node that the sandbox is on
   * @throws ApiError as `Ownership.authorize`, and as `Sleep.wake`
   */
  async authorize(who: Principal, action: Action, id: string): Promise<RuntimeClient> {
    const node = await this.#ownership.authorize(who, action, id)
    if (who.unattended) return node
    this.activity.use(id)
    this.activeTime.note(who, action, id)
    if (waking.has(action) && (await this.accessOf(who, id)) !== 'look') await this.sleep.wake(id)
    return node
  }

  /**
   * Says that somebody uses it: it stays awake for as long as its policy says, and wakes when it sleeps.
   * @throws ApiError as `Ownership.authorize`, and as `Sleep.wake`
   */
  async keepAwake(who: Principal, id: string): Promise<void> {
    await this.authorize({ ...who, unattended: false }, 'sandbox.keep_awake', id)
    await Promise.all((await this.activity.noteUse(id)).map((one) => this.sleep.rouse(one)))
  }

  /**
   * What a person or a program holds open in a sandbox. For a program it is in use until that closes. A page may be open
   * with nobody at it: what is done in it counts, and not that it is open.
   */
  holdOpen(who: Principal, id: string, open: Open): void {
    if (who.kind === 'key') this.activity.attach(id, open)
  }

  /** As `Ownership.isGuest`. */
  isGuest(who: Principal, id: string): Promise<boolean> {
    return this.#ownership.isGuest(who, id)
  }

  /**
   * Decides about each frame of what somebody has open in a sandbox.
   * @param end called when it must end: it is not shared with them any more, or is of a student whom they teach no more
   */
  async hold(who: Principal, id: string, end: () => void): Promise<Held> {
    const release = this.watch.add(who, end, id)
    const owner = await this.#ownership.ownerOf(id)
    if (owner === undefined || belongsTo(who, owner)) {
      // An exam begins and ends while something is open.
      const isOwn = () => owner === undefined || belongsTo(who, owner)
      return { may: (action) => may(who, action) && isOwn(), release }
    }
    release()
    return this.guests.hold(who, id, end)
  }

  /** For whom something else than its sandbox admits. @throws ApiError `runtime_unavailable` */
  async nodeOf(id: string): Promise<RuntimeClient> {
    const row = await this.database.prisma.sandbox.findUnique({ where: { id }, select: { nodeId: true } })
    return this.nodes.reach(row?.nodeId ?? null)
  }

  /** What somebody who was authorized may in it altogether. */
  async accessOf(who: Principal, id: string): Promise<SandboxWithUsage['access']> {
    return (await this.isGuest(who, id)) ? ((await this.shares.of(who, id)).level ?? 'look') : 'full'
  }

  /**
   * For whoever was admitted to one of its ports: it is in use until `open` closes, and awake.
   * @throws ApiError as `Sleep.wake`
   */
  async visit(id: string, open: Open): Promise<void> {
    this.activity.attach(id, open)
    await this.sleep.wake(id)
  }

  /** Newest first. @param cursor id of the last sandbox of the page before */
  async list(who: Principal, page: { limit: number; cursor?: string | undefined }) {
    assertMay(who, 'sandbox.read')
    const rows = await this.database.prisma.sandbox.findMany({
      omit: { env: true, metered: true },
      where: { ...ownSandboxes(who), deletedAt: null },
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
    const row = await this.#ownership.row(who, 'sandbox.read', id)
    const shown = await this.#present(row, await this.#liveOf(row))
    const access = await this.accessOf(who, id)
    // What members say about it to each other is not for guests.
    if (access === 'full') return shown
    return {
      ...shown,
      access,
      metadata: {},
      createdBy: null,
      ownerId: null,
      copyOf: null,
      volumes: [],
      assignment: null,
    }
  }

  /**
   * The row of a sandbox, for who acts on it.
   * @throws ApiError as `Ownership.authorize`
   */
  row(who: Principal, action: Action, id: string): Promise<Row> {
    return this.#ownership.row(who, action, id)
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
    const begins = action === 'start' || action === 'resume'
    const row = await this.#ownership.row(who, begins ? 'sandbox.start' : 'sandbox.change', id)
    // Who teaches may start one, which then stands still.
    const isHeld = action === 'resume' || (action === 'start' && who.role === 'student')
    if (isHeld) await this.freezer.assertThawed(row)
    const changed = await this.#perform(row, action, act)
    await audit(this.database.prisma, who, `sandbox.${action}`, id)
    return action !== 'stop' && (await this.freezer.keep(row)) ? this.get(who, id) : changed
  }

  /**
   * For what starts it without being asked by anybody.
   * @param still whether it is yet to be started
   * @throws ApiError as `act`, and `conflict` when it is not
   */
  async startAgain(id: string, still: (row: Row) => boolean): Promise<void> {
    const row = await this.database.prisma.sandbox.findUniqueOrThrow({ where: { id } })
    assertStill(row, still)
    await this.#perform(row, 'start', (node) => node.act(id, 'start'), still)
    await this.freezer.keep(row)
  }

  /**
   * Whoever does it by intention decides: what was asleep is what it was made to be.
   * @param still of a start that nobody asked for: whether it is yet to be
   */
  async #perform(
    row: Row,
    action: 'pause' | 'resume' | 'stop' | 'start',
    act: (node: RuntimeClient) => Promise<RuntimeSandbox>,
    still?: (row: Row) => boolean,
  ): Promise<SandboxWithUsage> {
    const { id, tenantId } = row
    const node = await this.nodes.reach(row.nodeId)
    const starts = action === 'start' && !['running', 'paused'].includes(row.state)
    const quota = starts ? await this.#makeRoom(row, still) : undefined
    // Before it ends: who starts again what has ended by itself must not take it for one of these.
    if (action === 'stop') {
      await this.database.prisma.sandbox.update({ where: { id }, data: { stopWanted: true } })
    }
    try {
      // After a reboot the node knows the tenant's sandboxes, but not what binds them together.
      if (quota !== undefined) await node.setQuota(tenantId, quota)
      const statuses = await act(node)
      const { state, failure } = statuses
      const startedAt = action === 'start' ? new Date() : row.startedAt
      const stopWanted = still === undefined ? { stopWanted: action === 'stop' } : {}
      const awake = { asleep: null, activeAt: new Date(), ...stopWanted }
      const data = { state, failure, startedAt, ...awake }
      await this.database.prisma.sandbox.update({ where: { id }, data })
      return present({ ...row, startedAt, ...awake }, statuses)
    } catch (error) {
      const { state, failure } = row
      // One that runs on was not stopped: it is started again should it end.
      if (action === 'stop' && ['running', 'paused'].includes((await this.#liveOf(row))?.state ?? '')) {
        await this.database.prisma.sandbox.update({
          where: { id },
          data: { stopWanted: row.stopWanted },
        })
      }
      if (starts) {
        const there = { id, deletedAt: null }
        await this.database.prisma.sandbox.updateMany({ where: there, data: { state, failure } })
      }
      throw error
    }
  }

  /** One on a node that is unreachable counts as deleted at once; the node destroys it when it is back (`reconcile.ts`). */
  async remove(who: Principal, id: string): Promise<void> {
    const row = await this.#ownership.row(who, 'sandbox.delete', id)
    await this.#destroy(row)
    await audit(this.database.prisma, who, 'sandbox.delete', id)
  }

  /**
   * Stops one whose time is over, so that its processes can end in good order, and deletes it.
   * @returns whether this call did: another server may have, and somebody may have given it more time
   */
  async expire(id: string): Promise<boolean> {
    const row = await this.database.prisma.sandbox.findUniqueOrThrow({ where: { id } })
    const wantStop = (stopWanted: boolean) =>
      this.database.prisma.sandbox.update({ where: { id }, data: { stopWanted } })
    // Nobody is to start it again before it is deleted.
    await wantStop(true)
    try {
      await stopOn(await this.nodes.reach(row.nodeId), id, stopSandbox.parse({}))
    } catch (error) {
      // It is gone already, or will be: deleting it tells.
      if (!(error instanceof ApiError)) throw error
    }
    await this.#recordLast(row)
    // The row decides, when nothing runs any more; then the node hears it, or `reconcile.ts` tells it again.
    const over = `AND "expiresAt" < now() AT TIME ZONE 'UTC'`
    if (!(await this.#markDeleted(id, over))) {
      await wantStop(row.stopWanted)
      return false
    }
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
    this.#ownership.forget(id)
    const { rowCount } = await this.database.pool.query(
      `UPDATE sandbox SET state = 'deleted', "deletedAt" = now() AT TIME ZONE 'UTC', env = '{}', metadata = '{}'
       WHERE id = $1 AND "deletedAt" IS NULL ${condition}`,
      [id],
    )
    return rowCount === 1
  }

  /** What sandboxes can be made from: the tenant's own first. */
  async listTemplates(who: Principal): Promise<Template[]> {
    assertMay(who, 'template.read')
    const all = await this.own.list(who.tenantId)
    // Who has made one is told to whoever may see the members.
    const own = may(who, 'member.read') ? all : all.map(withoutMaker)
    const isAllowed = ({ name }: Template) => allowsTemplate(who, name)
    const names = new Set(own.map(({ name }) => name))
    // Of two of one name a sandbox is made from the tenant's own.
    const shared = (await this.templates.list({ recent: true })).filter(({ name }) => !names.has(name))
    return [...own, ...shared].filter(isAllowed)
  }

  /** A stopped sandbox holds only its disk; before it starts it needs the rest of its limits again. */
  #makeRoom(row: Row, still: (row: Row) => boolean = () => true): Promise<Quota> {
    const { limits } = present(row, undefined)
    const make = async (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => {
      assertStill(await lockRow(client, row.id), still)
      const quota = admit(quotaUsage(answers), limits)
      await requireRoomOfStudent(client, row, heldBySandbox(limits), row.id)
      await client.query(`UPDATE sandbox SET state = 'creating' WHERE id = $1`, [row.id])
      return quota
    }
    return inTransaction(this.database.pool, make, admission(row.tenantId, row.id))
  }

  /** The row of one that is being made says what it will be. */
  async #present(
    row: Omit<Row, 'env' | 'metered'>,
    statuses: RuntimeSandbox | undefined,
  ): Promise<SandboxWithUsage> {
    if ((await this.nodes.of(row.nodeId)).state === 'unreachable') {
      return present({ ...row, state: 'unreachable' }, undefined)
    }
    const coming = statuses === undefined && this.#creations.isUnderWay(row.id)
    const activeAt = this.activity.isUsed(row.id) ? new Date() : row.activeAt
    return present({ ...row, activeAt, ...(coming ? { state: 'creating' } : {}) }, statuses)
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

function assertStill(row: Row, still: (row: Row) => boolean): void {
  if (!still(row)) throw new ApiError('conflict', 'the sandbox was stopped or started meanwhile')
}

function stopOn(node: RuntimeClient, id: string, how: StopSandbox): Promise<RuntimeSandbox> {
  return node.ask('POST', `/sandboxes/${id}/stop`, runtimeSandbox, {}, how)
}

import type { Logger } from 'pino'
import { z } from 'zod'
import {
  keptWarm,
  type Limits,
  limits,
  nodeTemplateName,
  type TimetableProblem,
} from '../../protocol/api/index.js'
import { storedLimits, storedSource } from '../assignments/rows.js'
import { nextLesson } from '../classes/weekly.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Templates } from '../nodes/templates.js'
import { countWanted } from './counting.js'
import { graceMs, type Held, isPrepared, leadMs, type Row, row } from './rows.js'

/** At one server, in one turn. */
const atOnce = 20
/** What a lesson needs is told to the nodes again after this: one may have been restarted, or have room by now. */
const againSeconds = 30
/** Of what is wanted, tried one after the other where a node has less room. */
const shares = [1, 0.75, 0.5, 0.25, 0.1]

const now = `now() AT TIME ZONE 'UTC'`
const due = row.extend({ timeZone: z.string(), now: z.date() })
type Due = z.infer<typeof due>

const take = `
  UPDATE timetable_lesson SET lease = lease + 1, "leaseUntil" = ${now} + interval '${againSeconds} seconds'
  FROM (
    SELECT one.id AS due, class."timeZone" FROM timetable_lesson AS one JOIN class ON class.id = one."classId"
    WHERE class."archivedAt" IS NULL AND one."nextAt" <= ${now} + make_interval(secs => $1)
      AND (one."leaseUntil" IS NULL OR one."leaseUntil" < ${now})
    ORDER BY one."nextAt" LIMIT ${atOnce} FOR UPDATE OF one SKIP LOCKED
  ) AS found
  WHERE id = due RETURNING timetable_lesson.*, found."timeZone", (${now})::TIMESTAMP(3) AS now`
/** Whoever has lost the lease writes nothing. */
const write = `
  UPDATE timetable_lesson SET "preparedFor" = $3, wanted = $4, held = $5, problem = $6 WHERE id = $1 AND lease = $2`
const goOn = `
  UPDATE timetable_lesson SET "nextAt" = $3, "preparedFor" = NULL, wanted = 0, held = '[]', problem = NULL, "leaseUntil" = NULL
  WHERE id = $1 AND lease = $2`

/** What is to wait: sandboxes of one kind. */
interface Wish {
  /** As nodes call it. */
  readonly template: string
  readonly limits: Limits
  /** The only node that has it. */
  readonly node: string | undefined
}

/**
 * Has sandboxes wait for lessons of timetables. A row says for how many; nodes are told the same again and again under the same id, so
 * a server that dies, or two that do it at once, change nothing.
 */
export class TimetableWarming {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly templates: Templates,
    private readonly own: OwnTemplates,
    private readonly log: Logger,
  ) {}

  /** Looks after the lessons that are next. */
  async look(): Promise<void> {
    const { rows } = await this.database.pool.query(take, [leadMs / 1000])
    const work = z
      .array(due)
      .parse(rows)
      .map((one) =>
        this.#lookAfter(one).catch((error: unknown) =>
          this.log.warn({ err: error, id: one.id }, 'a lesson of a timetable is not prepared'),
        ),
      )
    await Promise.all(work)
  }

  async #lookAfter(one: Due): Promise<void> {
    const { pool } = this.database
    if (one.nextAt.getTime() + graceMs <= one.now.getTime()) {
      await pool.query(goOn, [one.id, one.lease, nextLesson(one, one.timeZone, one.now)])
      return
    }
    const wish = await this.#wishOf(one)
    if (wish === null) return
    if (typeof wish === 'string') return this.#write(one, 0, [], wish)
    // Counted once: whoever has begun meanwhile has taken one of those that wait.
    const isCounted = isPrepared(one) && one.wanted > 0
    const counted = isCounted
      ? { wanted: one.wanted, problem: one.problem === 'quota' ? one.problem : null }
      : await inTransaction(pool, async (client) => {
          const found = await countWanted(client, one, wish.limits)
          // Before a node is asked: it bounds what waits for other lessons of the tenant.
          await client.query(write, written(one, found.wanted, one.held, found.problem))
          return found
        })
    const held = await this.#hold(one, wish, counted.wanted)
    const isShort = held.reduce((sum, { count }) => sum + count, 0) < counted.wanted
    await this.#write(one, counted.wanted, held, isShort ? 'room' : counted.problem)
  }

  async #write(...what: Parameters<typeof written>): Promise<void> {
    await this.database.pool.query(write, written(...what))
  }

  /** @returns null when nothing is to wait; a problem when nothing can */
  async #wishOf({ tenantId, classId, assignmentId, template }: Row): Promise<Wish | TimetableProblem | null> {
    if (assignmentId === null) return template === null ? null : this.#kindOf(tenantId, template)
    const task = await this.database.prisma.assignment.findFirst({ where: { id: assignmentId, classId } })
    if (task === null) return null
    const source = storedSource.parse(task.source)
    if (!('template' in source)) return 'snapshot'
    return this.#kindOf(tenantId, source.template, storedLimits.parse(task.limits) ?? {})
  }

  async #kindOf(tenantId: string, name: string, wanted: object = {}): Promise<Wish | TimetableProblem> {
    try {
      const own = await this.own.find(tenantId, name)
      const defaults = own?.shown.defaults ?? (await this.templates.limits(name))
      return {
        template: own === undefined ? name : nodeTemplateName(own.id),
        limits: limits.parse({ ...defaults, ...wanted }),
        node: own?.nodeId,
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === 'template_unavailable') return 'template'
      throw error
    }
  }

  /** As many as there is room for, where some wait already first. */
  async #hold(one: Due, wish: Wish, wanted: number): Promise<Held[]> {
    const id = `${one.id}_${one.nextAt.getTime() / 60_000}`
    const before = (node: ServerNode) =>
      one.held.find((part) => part.node === node.id && part.id === id)?.count ?? 0
    const nodes = (await this.nodes.all())
      .filter(({ id: node, state }) => state === 'ready' && (wish.node ?? node) === node)
      .toSorted((a, b) => before(b) - before(a) || freeOf(b) - freeOf(a))
    const held: Held[] = []
    let left = wanted
    for (const node of nodes) {
      if (left <= 0) break
      const known = Math.min(before(node), left)
      const counts = known > 0 ? [known] : [...new Set(shares.map((share) => Math.floor(left * share)))]
      const count = await this.#holdOn(node, id, one, wish, counts).catch((error: unknown) => {
        if (error instanceof ApiError) return known
        throw error
      })
      if (count === 0) continue
      const { memoryMiB } = wish.limits
      held.push({ node: node.id, id, template: wish.template, isolation: 'standard', memoryMiB, count })
      left -= count
    }
    return held
  }

  /** @param counts tried one after the other. @returns which of them the node has room for */
  async #holdOn(
    node: ServerNode,
    id: string,
    one: Due,
    { template, limits: { memoryMiB } }: Wish,
    counts: readonly number[],
  ): Promise<number> {
    const leftMs = one.nextAt.getTime() + graceMs - one.now.getTime()
    const holdMinutes = Math.max(1, Math.ceil(leftMs / 60_000))
    for (const count of counts.filter((some) => some > 0)) {
      try {
        const body = { template, purpose: 'sandbox', isolation: 'standard', memoryMiB, count, holdMinutes }
        await node.reach().ask('PUT', `/pools/warm/${id}`, keptWarm, {}, body)
        return count
      } catch (error) {
        if (!(error instanceof ApiError && error.code === 'quota_exceeded')) throw error
      }
    }
    return 0
  }
}

const written = (one: Due, wanted: number, held: readonly Held[], problem: TimetableProblem | null) => [
  ...[one.id, one.lease, one.nextAt, wanted, JSON.stringify(held), problem],
]

const freeOf = ({ last }: ServerNode): number => last?.memoryAvailableBytes ?? 0

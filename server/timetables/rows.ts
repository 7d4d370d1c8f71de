import { z } from 'zod'
import {
  isolation,
  keptWarm,
  type PoolsStatus,
  poolsStatus,
  timetableBounds,
  type timetableLesson,
  timetableProblem,
  weekday,
} from '../../protocol/api/index.js'
import type { NodeRegistry } from '../nodes/registry.js'

const minuteMs = 60_000
export const leadMs = timetableBounds.leadMinutes * minuteMs
export const graceMs = timetableBounds.graceMinutes * minuteMs

/** What waits at one node. */
const held = z.object({
  node: z.string(),
  id: keptWarm.shape.id,
  template: z.string(),
  isolation,
  memoryMiB: z.number(),
  count: z.number(),
})
export type Held = z.infer<typeof held>

export const row = z.object({
  ...{ id: z.string(), tenantId: z.string(), classId: z.string(), day: weekday, at: z.string() },
  ...{ minutes: z.number(), assignmentId: z.string().nullable(), template: z.string().nullable() },
  ...{ nextAt: z.date(), preparedFor: z.date().nullable(), wanted: z.number(), held: z.array(held) },
  ...{ problem: timetableProblem.nullable().catch(null), lease: z.number() },
})
export type Row = z.infer<typeof row>

/** Whether what is next was counted already. */
export const isPrepared = ({ preparedFor, nextAt }: Row): boolean =>
  preparedFor !== null && preparedFor.getTime() === nextAt.getTime()

/** What the pools of a node say; undefined while it does not answer. */
type Ask = (node: string) => Promise<PoolsStatus | undefined>

/** Asks each node once. */
export function askPools(nodes: NodeRegistry): Ask {
  const asked = new Map<string, Promise<PoolsStatus | undefined>>()
  const ask = async (node: string) => (await nodes.reach(node)).ask('GET', '/pools', poolsStatus)
  return (node) => {
    const known = asked.get(node) ?? ask(node).catch(() => undefined) // nothing of it counts as ready
    asked.set(node, known)
    return known
  }
}

export async function present(one: Row, ask: Ask): Promise<z.infer<typeof timetableLesson>> {
  const { id, day, at, minutes, assignmentId, template, nextAt, wanted, problem } = one
  const ready = await Promise.all(one.held.map((part) => readyOf(part, ask)))
  const warm = { wanted, ready: ready.reduce((sum, count) => sum + count, 0), problem }
  return {
    ...{ id, day, at, minutes, assignment: assignmentId, template, nextAt: nextAt.toISOString() },
    warm: isPrepared(one) ? warm : null,
  }
}

async function readyOf({ node, template, isolation, memoryMiB, count }: Held, ask: Ask): Promise<number> {
  const size = 2 ** Math.floor(Math.log2(memoryMiB))
  const pool = (await ask(node))?.pools.find(
    (one) =>
      one.template === template &&
      one.isolation === isolation &&
      one.purpose === 'sandbox' &&
      one.memoryMiB === size,
  )
  return Math.min(count, pool?.ready ?? 0)
}

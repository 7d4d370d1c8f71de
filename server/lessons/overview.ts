import {
  type LessonState,
  type LessonStudent,
  type LessonStudents,
  sandboxState,
} from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { storedSteps } from '../assignments/rows.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { findLesson, isRunning, present } from './access.js'
import { broadcastsOf } from './broadcasting.js'
import { type StudentRow, studentsOf } from './students.js'

const workingMs = 2 * 60_000
const stuckMs = 5 * 60_000
/** Something that went wrong is news for so long. */
const incidentMs = 5 * 60_000
/** Of one processor. A shell and an editor use next to nothing. */
const runningCpus = 0.1

/** What staff see of all students of a lesson at once. */
export class LessonOverview {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /** One query, and one question to each node, whose answer others share. */
  async of(who: Principal, id: string): Promise<LessonStudents> {
    const found = await findLesson(this.database, who, 'class.look', id)
    const rows = await studentsOf(this.database, found)
    const nodeIds = [...new Set(rows.flatMap(({ nodeId }) => (nodeId === null ? [] : [nodeId])))]
    const statuses = await this.nodes.statuses(nodeIds)
    const away = new Set<string>()
    for (const nodeId of nodeIds) {
      if ((await this.nodes.of(nodeId)).state === 'unreachable') away.add(nodeId)
    }
    const steps = storedSteps.catch([]).parse(found.assignment?.steps ?? [])
    const checks = steps.filter(({ check }) => check !== undefined).map((step) => step.id)
    const over = !isRunning(found.lesson)
    const students = rows.map((row) => {
      const status = statuses.get(row.sandboxId ?? '')
      const isAway = row.nodeId !== null && away.has(row.nodeId)
      return describeStudent(
        over ? { ...row, frozen: false, handUpAt: null } : row,
        checks,
        isAway ? 'away' : status,
      )
    })
    const broadcast = (await broadcastsOf(this.database, [id])).get(id) ?? null
    return { lesson: present(found), students, broadcast }
  }
}

/** @param checks ids of the steps that are checked. @param status what the node says of the sandbox, if anything */
export function describeStudent(
  row: StudentRow,
  checks: readonly string[],
  status: RuntimeSandbox | 'away' | undefined,
  now = Date.now(),
): LessonStudent {
  const known = checks.flatMap((id) => row.progress?.[id] ?? [])
  const failing = known.filter(({ passed }) => !passed)
  const passed = known.length - failing.length
  const live = status === 'away' ? undefined : status
  const state =
    status === 'away' ? 'unreachable' : (live?.state ?? sandboxState.catch('failed').parse(row.sandboxState))
  const sandbox =
    row.sandboxId === null
      ? null
      : {
          ...{ id: row.sandboxId, name: row.sandboxName ?? '', state },
          lastUsedAt: (row.activeAt ?? new Date(0)).toISOString(),
          cpus: live?.usage?.rates?.cpus ?? null,
        }
  const stands = (since: string) => now - Date.parse(since) >= stuckMs
  return {
    ...{ student: row.id, userId: row.userId, name: row.name, number: row.number },
    ...{ section: row.sectionId, group: row.groupId, sandbox },
    state: stateOf(sandbox, {
      ...{ frozen: row.frozen, asleep: row.asleep !== null },
      hasIncident: (live?.incidents ?? []).some(({ at }) => now - Date.parse(at) < incidentMs),
      isStuck: failing.some(({ at }) => stands(at)),
      hasStepsLeft: checks.length > 0 && passed < checks.length,
      now,
    }),
    frozen: row.frozen,
    handUp: row.handUpAt?.toISOString() ?? null,
    steps: {
      ...{ passed, failed: failing.length, checks: checks.length },
      checkedAt: row.checkedAt?.toISOString() ?? null,
    },
  }
}

interface Facts {
  readonly frozen: boolean
  readonly asleep: boolean
  readonly hasIncident: boolean
  readonly isStuck: boolean
  readonly hasStepsLeft: boolean
  readonly now: number
}

/** The first that is true of them, in the order of how much a teacher needs to know it. */
function stateOf(sandbox: LessonStudent['sandbox'], facts: Facts): LessonState {
  if (facts.frozen) return 'frozen'
  if (sandbox === null) return 'offline'
  if (sandbox.state === 'failed') return 'error'
  if (sandbox.state !== 'running' || facts.asleep) return 'offline'
  if (facts.hasIncident) return 'error'
  if ((sandbox.cpus ?? 0) >= runningCpus) return 'running'
  const quietMs = facts.now - Date.parse(sandbox.lastUsedAt)
  if (facts.isStuck || (facts.hasStepsLeft && quietMs >= stuckMs)) return 'stuck'
  return quietMs < workingMs ? 'working' : 'idle'
}

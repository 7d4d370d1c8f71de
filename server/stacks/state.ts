import type { Stack as Row } from '../../prisma/generated/client.js'
import type { SandboxState, Stack, StackService } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { PreviewHosts } from '../previews/hosts.js'
import { type StackPlanService, stackPlan } from './plan.js'

/** A sandbox of a stack, as its row has it. */
export interface MemberRow {
  readonly id: string
  readonly state: string
  readonly failure: string | null
}

type State = StackService['state']

/** What each state of a sandbox is to its service; null when the service itself says more. */
const ofSandbox: Readonly<Record<SandboxState, State | null>> = {
  ...{ creating: 'waiting', running: null, paused: 'paused', stopped: 'stopped' },
  ...{ failed: 'failed', unreachable: 'unreachable', deleted: 'waiting' },
}

/**
 * @param row undefined when there is no such sandbox
 * @param there as its node has it
 */
export function presentService(
  of: StackPlanService,
  row: MemberRow | undefined,
  there: RuntimeSandbox | undefined,
  unreachable: boolean,
  hosts: PreviewHosts,
): StackService {
  const status = there?.service ?? null
  const sandboxState = unreachable ? 'unreachable' : (there?.state ?? row?.state ?? 'deleted')
  return {
    ...{ name: of.name, sandbox: row?.id ?? null, state: stateOf(sandboxState, status) },
    ...{
      health: status?.health ?? 'none',
      exitCode: status?.exitCode ?? null,
      restarts: status?.restarts ?? 0,
    },
    problem: status?.problem ?? there?.failure ?? row?.failure ?? null,
    dependsOn: of.dependsOn.map(({ service }) => service),
    ports: of.ports.map((port) => ({
      port,
      url: row === undefined ? null : hosts.origin({ sandboxId: row.id, port }),
    })),
  }
}

function stateOf(sandboxState: string, status: RuntimeSandbox['service']): State {
  const known = Object.entries(ofSandbox).find(([name]) => name === sandboxState)?.[1]
  if (known !== null) return known ?? 'failed'
  if (status === null || status.state === 'waiting') return 'waiting'
  if (status.state !== 'running') return status.state
  return status.health === 'none' ? 'running' : status.health
}

const works: ReadonlySet<State> = new Set(['running', 'healthy', 'starting'])

/** A stack as people see it. */
export function presentStack(row: Row, services: StackService[]): Stack {
  const { id, name, problem, createdBy } = row
  const shown = { id, name, problem, services, createdBy, createdAt: row.createdAt.toISOString() }
  return { ...shown, state: stackState(row, services) }
}

function stackState({ wanted, driveAt, problem }: Row, services: readonly StackService[]): Stack['state'] {
  if (wanted === 'deleted') return 'deleting'
  if (wanted === 'stopped') return driveAt === null ? 'stopped' : 'stopping'
  if (problem !== null) return 'failed'
  if (driveAt !== null) return 'starting'
  const isWell = ({ state, exitCode }: StackService) =>
    works.has(state) || (state === 'exited' && exitCode === 0)
  return services.every(isWell) ? 'running' : 'degraded'
}

export const planOfRow = ({ plan }: Pick<Row, 'plan'>) => stackPlan.parse(plan)

import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { Dependency } from './compose/plan.js'

/** How a service stands to what it waits for: it may start, it waits, or it waits in vain as things are. */
export type Readiness = 'ready' | 'waits' | { readonly problem: string }

/** @param status of the service that is waited for; undefined while there is none */
export function readiness(
  { service: name, condition, required }: Dependency,
  status: RuntimeSandbox['service'] | undefined,
): Readiness {
  const found = look(name, condition, status)
  // What is not required is waited for, but nothing fails with it.
  return typeof found === 'object' && !required ? 'ready' : found
}

function look(
  name: string,
  condition: Dependency['condition'],
  status: RuntimeSandbox['service'] | undefined,
): Readiness {
  if (status === undefined || status === null || status.state === 'waiting') return 'waits'
  const { state, health, exitCode, problem } = status
  const why = problem === null ? '' : `: ${problem.slice(0, 300)}`
  if (condition === 'service_started') return 'ready'
  if (condition === 'service_completed_successfully') {
    if (state !== 'exited') return 'waits'
    return exitCode === 0 ? 'ready' : { problem: `${name} has ended with exit code ${exitCode}${why}` }
  }
  if (state === 'exited') return { problem: `${name} has ended with exit code ${exitCode}${why}` }
  if (health === 'healthy') return 'ready'
  if (health === 'none') return { problem: `${name} has no health check, and its healthiness is waited for` }
  return health === 'unhealthy' ? { problem: `${name} is unhealthy${why}` } : 'waits'
}

/** In groups, the last first: none depends on one that comes after it. */
export function backwards<T extends { readonly name: string; readonly dependsOn: readonly Dependency[] }>(
  services: readonly T[],
): T[][] {
  const groups: T[][] = []
  let rest = [...services]
  while (rest.length > 0) {
    const free = rest.filter(
      ({ name }) => !rest.some(({ dependsOn }) => dependsOn.some((one) => one.service === name)),
    )
    if (free.length === 0) return [...groups, rest]
    groups.push(free)
    rest = rest.filter((one) => !free.includes(one))
  }
  return groups
}

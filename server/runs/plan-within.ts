import { type CreateRun, defaultRunLimits, type Quota, type Template } from '../../protocol/api/index.js'
import { beyondLimit, type Limited } from '../auth/key-limits.js'
import { assertNetworkWithin, assertTemplateWithin } from '../auth/within-limits.js'
import { type Plan, plan } from './plan.js'

/**
 * Plans a run of an API key within its limits; for whoever has none it is `plan`.
 *
 * @param whose who bounds it otherwise
 * @throws ApiError as `plan`, and `forbidden` that names the limit
 */
export function planWithin(
  who: Pick<Limited, 'keyLimits'>,
  wanted: CreateRun,
  templates: readonly Template[],
  quota: Quota,
  whose?: string,
): Plan {
  const { keyLimits } = who
  if (keyLimits === null) return plan(wanted, templates, quota, whose)
  const least = (part: 'cpus' | 'memoryMiB' | 'diskMiB') =>
    Math.min(quota[part], keyLimits[part] ?? quota[part])
  const bounds = { ...quota, cpus: least('cpus'), memoryMiB: least('memoryMiB'), diskMiB: least('diskMiB') }
  // What nobody asks for is as large as the key allows.
  const lowered = {
    memoryMiB: Math.min(defaultRunLimits.memoryMiB, bounds.memoryMiB),
    diskMiB: Math.min(defaultRunLimits.diskMiB, bounds.diskMiB),
  }
  const planned = plan(
    { ...wanted, limits: { ...lowered, ...wanted.limits } },
    ...([templates, bounds, 'the limits of this API key or of its tenant'] as const),
  )
  const { run } = planned
  assertTemplateWithin(who, run.template)
  assertNetworkWithin(who, run.network)
  if (run.judge) {
    assertTemplateWithin(who, run.judge.template)
    assertNetworkWithin(who, run.judge.network)
  }
  const most = keyLimits.ttlSeconds
  const seconds = longest(planned)
  if (most !== undefined && seconds > most) {
    throw beyondLimit('ttlSeconds', `runs programs for ${most} s at most, and this may take ${seconds} s`)
  }
  return planned
}

/** How long its programs may take together, without the compiler, in seconds: the last step is run for each case. */
function longest({ run }: Plan): number {
  const programs = run.steps.filter(({ compile }) => !compile)
  const last = programs.at(-1)?.limits.wallMs ?? 0
  const more = Math.max(0, (run.cases?.length ?? 0) - 1) * last
  return Math.ceil((programs.reduce((sum, { limits }) => sum + limits.wallMs, 0) + more) / 1000)
}

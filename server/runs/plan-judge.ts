import {
  type CreateRun,
  defaultRunLimits,
  type Quota,
  type RunLimits,
  runLimits,
} from '../../protocol/api/index.js'
import type { RuntimeJudge, RuntimeRun } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'

/** An interactive judge has so much longer than the program, so that whoever is late is stopped first. */
const longerMs = 5000
const wallMsMax = 3_600_000

/**
 * The limits of a judge as they are asked for. An interactive judge also waits for its program.
 * @param last the step that it decides about
 */
export function judgeLimits(
  { mode, limits }: NonNullable<CreateRun['judge']>,
  last: RuntimeRun['steps'][number],
): RunLimits {
  const wallMs =
    mode === 'interactive' ? Math.min(wallMsMax, last.limits.wallMs + longerMs) : defaultRunLimits.wallMs
  return runLimits.parse({ ...defaultRunLimits, wallMs, ...limits })
}

/**
 * Both sandboxes are there at once, and an interactive judge runs beside its program.
 * @throws ApiError `quota_exceeded`
 */
export function assertBothFit(
  judge: RuntimeJudge,
  last: RuntimeRun['steps'][number],
  diskMiB: number,
  quota: Quota,
  whose: string,
): void {
  const together = {
    diskMiB: judge.diskMiB + diskMiB,
    ...(judge.mode === 'checker'
      ? {}
      : {
          memoryMiB: judge.limits.memoryMiB + last.limits.memoryMiB,
          pids: judge.limits.pids + last.limits.pids,
        }),
  }
  for (const [part, asked] of Object.entries(together)) {
    const most = { diskMiB: quota.diskMiB, memoryMiB: quota.memoryMiB, pids: quota.pids }[part] ?? 0
    if (asked > most) {
      throw new ApiError(
        'quota_exceeded',
        `the run and its judge request ${asked} of ${part} together, more than ${whose}: ${most}`,
      )
    }
  }
}

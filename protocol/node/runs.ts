import { z } from 'zod'
import { tenantId } from '../api/ids.js'
import { limits, quota } from '../api/limits.js'
import { networkPolicy } from '../api/network.js'
import {
  relativePath,
  runBounds,
  runCase,
  runCommand,
  runId,
  runJudge,
  runLimits,
  runReport,
  stepLimits,
} from '../api/run-request.js'
import { run, runEvent, stepStatus } from '../api/run-result.js'
import { contentEncoding, environment, templateName } from '../api/sandbox.js'

/** More and longer ones than a caller of the API may send: those of a submission, or of an assignment. */
const files = z
  .array(
    z.strictObject({
      path: relativePath,
      content: z.string().max(24 * 1024 * 1024),
      encoding: contentEncoding.default('utf8'),
      executable: z.boolean().default(false),
    }),
  )
  .max(4 * runBounds.files)

/**
 * Body of `POST /runs` at the runtime. The answer is newline-delimited JSON, one `runtimeRunEvent` a line, the
 * last of type `end` or `failed`. Closing the line cancels the run.
 */
export const runtimeRun = z.strictObject({
  id: runId,
  /** How often the run was given to a server: the highest counts, and ends what an earlier one began. */
  lease: z.int().min(1).optional(),
  tenantId,
  quota,
  template: templateName,
  cpus: limits.shape.cpus,
  diskMiB: runLimits.shape.diskMiB,
  network: networkPolicy,
  env: environment,
  files,
  steps: z
    .array(
      z.strictObject({
        name: z.string(),
        command: runCommand,
        /** base64 */
        stdin: z.string(),
        env: environment,
        limits: stepLimits,
        /** Its failure is a `compile_error`. */
        compile: z.boolean(),
        report: runReport.optional(),
      }),
    )
    .min(1)
    .max(runBounds.steps),
  /** The last step runs once for each, with the case's stdin (base64) and arguments. */
  cases: z.array(runCase).max(runBounds.cases).nullable(),
  stopOnFailure: z.boolean(),
  artifacts: z.array(relativePath).max(runBounds.artifacts),
  /** Decides about the cases, or about the last step where there are none. Left out where there is none: older nodes do not know it. */
  judge: runJudge
    .pick({ mode: true, command: true, compile: true, network: true, report: true })
    .extend({
      files,
      template: templateName,
      env: environment,
      diskMiB: runLimits.shape.diskMiB,
      limits: stepLimits,
      compileLimits: stepLimits,
    })
    .optional(),
})
export type RuntimeJudge = NonNullable<RuntimeRun['judge']>
export type RuntimeRun = z.infer<typeof runtimeRun>

export const runtimeRunResult = run
  .pick({ steps: true, cases: true, artifacts: true, message: true })
  .extend({
    status: stepStatus,
  })
export type RuntimeRunResult = z.infer<typeof runtimeRunResult>

export const runtimeRunEvent = z.union([
  runEvent.options[1],
  runEvent.options[2],
  runEvent.options[3],
  runEvent.options[4],
  z.object({ type: z.literal('end'), result: runtimeRunResult }),
  /** Instead of `end`: why it could not be performed, by an error code. `internal`: another attempt may succeed. */
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
])
export type RuntimeRunEvent = z.infer<typeof runtimeRunEvent>

import { z } from 'zod'
import { testReport, transcript } from './run-report.js'
import { createRun, runId } from './run-request.js'
import { contentEncoding } from './sandbox.js'
import { textWithoutNul } from './text.js'

export const stepStatus = z.enum([
  'ok',
  'wrong_answer',
  'runtime_error',
  'signaled',
  'time_limit',
  'cpu_limit',
  'memory_limit',
  'output_limit',
  'disk_limit',
  'process_limit',
  'compile_error',
  'judge_error',
  'internal_error',
])
export type StepStatus = z.infer<typeof stepStatus>

/** What a program printed. */
export const output = z.object({
  content: z.string(),
  encoding: contentEncoding.describe('base64 when it is not UTF-8, or contains NUL'),
  bytes: z.number().describe('how many there were in truth'),
  truncated: z.boolean().describe('content is only their beginning'),
})
export type Output = z.infer<typeof output>

/** How the judge of a step or case ended. All figures are its own. */
export const judgeResult = z.object({
  points: z
    .number()
    .nullable()
    .describe(
      'share of the points, 0 to 1: what it wrote, or its report, or by its decision; null on errors',
    ),
  message: z.string().nullable().describe('what it wrote to explain its decision'),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  stderr: output,
  transcript: transcript.nullable().describe('of an interactive judge'),
  report: testReport.nullable(),
  wallUs: z.number(),
  cpuUs: z.number(),
  memoryPeakBytes: z.number(),
})
export type JudgeResult = z.infer<typeof judgeResult>

/** How one step or case went. All figures are the program's own, from its control group. */
export const stepResult = z.object({
  name: z.string(),
  status: stepStatus,
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  stdout: output,
  stderr: output,
  wallUs: z.number(),
  cpuUs: z.number().describe('user and system time of all its processes'),
  memoryPeakBytes: z.number(),
  leftProcesses: z.number().describe('processes that outlived it, and were killed'),
  message: z.string().nullable().describe('the limit that was passed, or what else there is to say'),
  judge: judgeResult.optional().describe('where one was asked for and has been started'),
  report: testReport.optional().describe('where one was asked for; what the program itself says'),
})
export type StepResult = z.infer<typeof stepResult>

export const caseResult = stepResult.extend({ index: z.number() })
export type CaseResult = z.infer<typeof caseResult>

export const artifact = z.object({
  path: z.string(),
  sizeBytes: z.number().nullable().describe('null when there is no such file'),
  content: z.string().nullable().describe('base64; null when it does not fit, or is no file'),
})
export type Artifact = z.infer<typeof artifact>

export const runState = z.enum(['queued', 'running', 'finished', 'canceled'])
export type RunState = z.infer<typeof runState>

/** A run in a list. */
export const runSummary = z.object({
  id: runId,
  state: runState,
  status: stepStatus
    .nullable()
    .describe('ok, or that of the first step or case that was not; null until then'),
  language: z.string().nullable(),
  template: z.string(),
  attempt: z
    .number()
    .describe('more than 1 when the run was started again after a failure of the node or the server'),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  queuedMs: z.number().nullable(),
  createdBy: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  casesPassed: z.number().nullable(),
  casesTotal: z.number().nullable(),
})
export type RunSummary = z.infer<typeof runSummary>

/** `GET /api/v1/runs/{id}`, and what `POST` with `wait` answers. */
export const run = runSummary.extend({
  steps: z.array(stepResult),
  cases: z.array(caseResult),
  artifacts: z.array(artifact),
  message: z.string().nullable(),
  expiresAt: z.iso.datetime().nullable().describe('when it is forgotten'),
})
export type Run = z.infer<typeof run>

/** `GET /api/v1/runs/{id}?request=true` */
export const runWithRequest = run.extend({ request: createRun.optional() })

/**
 * Server-sent events of `GET /api/v1/runs/{id}/events`: `event` is the type, `data` this as JSON, `id` a number
 * that `Last-Event-ID` takes. After a long absence, or a restart of the server, only `result` is sent, which
 * holds everything. `case` is null in steps before the cases.
 */
export const runEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('state'), state: runState, attempt: z.number() }),
  z.object({ type: z.literal('begin'), step: z.string(), case: z.number().nullable() }),
  z.object({
    type: z.literal('output'),
    stream: z.enum(['stdout', 'stderr']),
    step: z.string(),
    case: z.number().nullable(),
    content: z.string(),
    encoding: contentEncoding,
  }),
  z.object({ type: z.literal('step'), result: stepResult }),
  z.object({ type: z.literal('case'), result: caseResult }),
  z.object({ type: z.literal('result'), run }),
])
export type RunEvent = z.infer<typeof runEvent>

/** Query of `GET /api/v1/runs`. */
export const runListQuery = z.object({
  state: runState.optional(),
  status: stepStatus.optional().describe('how it ended, such as `wrong_answer`'),
  language: textWithoutNul(64).optional(),
  search: textWithoutNul(128).optional().describe('in metadata, id and language'),
})

/** Query of `DELETE /api/v1/runs`. */
export const deleteRunsQuery = z.object({
  finishedBefore: z.iso.datetime({ offset: true }).max(40).describe('those that ended before this time'),
})

export const deletedRuns = z.object({ deleted: z.number() })

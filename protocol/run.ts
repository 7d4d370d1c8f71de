import { z } from 'zod'
import { metadata } from './bounds.js'
import { newId, tenantId } from './ids.js'
import { quota, limits as sandboxLimits } from './limits.js'
import { networkPolicy } from './network.js'
import { command, contentEncoding, environment, templateName } from './sandbox.js'
import { textWithoutNul } from './text.js'

/**
 * One-off tasks: a fresh sandbox, steps in order, results, gone. The first half is the API's contract
 * (`/api/v1/runs`, `/api/v1/languages`), the second what server and runtime say to each other.
 */
export const runId = z.string().regex(/^rn_[0-9abcdefghjkmnpqrstvwxyz]{20}$/, 'is not a run id')
export const newRunId = () => newId('rn')

const mib = 1024 ** 2
export const runBounds = {
  files: 1000,
  /** All files together, decoded. */
  fileBytes: 8 * mib,
  steps: 16,
  cases: 1000,
  artifacts: 32,
  /** All artifacts together; one that does not fit is listed without its content. */
  artifactBytes: 8 * mib,
  /** Output that is kept, of all steps and cases together; what comes later is counted only. */
  keptBytes: 16 * mib,
  /** The whole body of `POST /runs`. */
  bodyBytes: 16 * mib,
} as const

const encoded = (value: { content: string; encoding: 'utf8' | 'base64' }) =>
  value.encoding === 'utf8' ||
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value.content)

/** A path below the working directory, `/home/user`. */
const relativePath = textWithoutNul(1024)
  .min(1)
  .regex(/^[^/]/, 'must be relative')
  .refine(
    (path) => path.split('/').every((step) => step !== '..' && step !== ''),
    'must not contain .. or //',
  )

export const runFile = z
  .strictObject({
    path: relativePath,
    content: z.string().max(Math.ceil((runBounds.fileBytes * 4) / 3) + 4),
    encoding: contentEncoding.default('utf8'),
    executable: z.boolean().default(false),
  })
  .refine(encoded, { path: ['content'], message: 'is not base64' })
export type RunFile = z.infer<typeof runFile>

/** A string is run by `/bin/sh -c`. */
export const runCommand = command

/** What one step or case may use. Whichever is passed is named by its status. */
export const stepLimits = z.strictObject({
  wallMs: z.int().min(1).max(3_600_000).describe('real time'),
  cpuMs: z.int().min(1).max(3_600_000).describe('processor time of all its processes'),
  memoryMiB: z.int().min(4).max(1_048_576),
  pids: z.int().min(1).max(65_536).describe('processes and threads at once'),
  outputBytes: z
    .int()
    .min(1)
    .max(8 * mib)
    .describe('stdout and stderr together'),
})
export type StepLimits = z.infer<typeof stepLimits>

/** For each step, and `diskMiB` for the whole run. */
export const runLimits = stepLimits.extend({
  diskMiB: z.int().min(16).max(1_048_576).describe('what the steps write, and in each case what it writes'),
})
export type RunLimits = z.infer<typeof runLimits>

export const defaultRunLimits = {
  wallMs: 10_000,
  cpuMs: 10_000,
  memoryMiB: 256,
  pids: 64,
  outputBytes: mib,
  diskMiB: 128,
} as const satisfies RunLimits

export const runStep = z.strictObject({
  name: textWithoutNul(64).min(1).optional().describe('`compile` makes its failure a compile_error'),
  command: runCommand,
  stdin: z
    .string()
    .max(8 * mib)
    .optional(),
  env: environment.optional(),
  limits: stepLimits.partial().optional(),
})

/** How a case's stdout is held against what is expected. */
export const compareMode = z
  .enum(['exact', 'trimmed', 'tokens', 'numeric'])
  .describe(
    [
      'exact: the same bytes',
      'trimmed: without white space at the ends of lines and empty lines at the end',
      'tokens: the same words, whatever white space is between them',
      'numeric: integers are equal; other numbers may differ by 1e-6, absolute or relative; nan equals nan',
    ].join('; '),
  )
export type CompareMode = z.infer<typeof compareMode>

export const runCase = z.strictObject({
  name: textWithoutNul(128).min(1).optional(),
  stdin: z
    .string()
    .max(8 * mib)
    .default(''),
  args: z.array(textWithoutNul(32_768)).max(256).optional(),
  expected: z
    .string()
    .max(8 * mib)
    .optional()
    .describe('stdout; without it only how the program ends counts'),
  compare: compareMode.default('trimmed'),
})
export type RunCase = z.infer<typeof runCase>

/** Such as `python`, or with a version that must fit, `python@3.11`. */
export const languageName = z
  .string()
  .regex(/^[a-z][a-z0-9+#-]{0,31}(@[0-9][0-9A-Za-z.+~-]{0,31})?$/, 'is not a language')

/** Body of `POST /api/v1/runs`. */
export const createRun = z
  .strictObject({
    language: languageName.optional(),
    template: templateName.optional().describe('`base` if neither it nor a language is given'),
    files: z.array(runFile).max(runBounds.files).default([]).describe('of a language: its program first'),
    steps: z.array(runStep).min(1).max(runBounds.steps).optional(),
    command: runCommand.optional().describe('the only step'),
    stdin: z
      .string()
      .max(8 * mib)
      .optional()
      .describe('of the last step'),
    stdinEncoding: contentEncoding.default('utf8').describe('of every stdin in this request'),
    args: z.array(textWithoutNul(32_768)).max(256).optional().describe('added to the last step'),
    env: environment.optional(),
    limits: runLimits.partial().optional(),
    network: networkPolicy.default('none'),
    cases: z.array(runCase).min(1).max(runBounds.cases).optional().describe('the last step, once for each'),
    stopOnFailure: z.boolean().default(false).describe('skip the cases after the first that is not ok'),
    artifacts: z.array(relativePath).max(runBounds.artifacts).optional().describe('files to hand back'),
    wait: z.boolean().default(false).describe('answer when it has ended, or 202 after 60 s'),
    callbackUrl: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .optional()
      .describe('POSTed the result, signed'),
    metadata: metadata.optional(),
  })
  .superRefine((run, context) => {
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    const ways = [run.language, run.steps, run.command].filter((way) => way !== undefined)
    if (ways.length !== 1) wrong('command', 'give exactly one of language, steps and command')
    if (run.language !== undefined && run.template !== undefined)
      wrong('template', 'a language brings its own')
    if (run.language !== undefined && run.files.length === 0) wrong('files', 'the program is missing')
    if (run.cases !== undefined && run.stdin !== undefined) wrong('stdin', 'each case has its own')
    if (run.cases !== undefined && run.artifacts !== undefined) wrong('artifacts', 'cases leave none')
    const paths = run.files.map((file) =>
      file.path
        .split('/')
        .filter((step) => step !== '.')
        .join('/'),
    )
    if (new Set(paths).size !== paths.length) wrong('files', 'two have the same path')
    const bytes = run.files.reduce(
      (sum, file) => sum + file.content.length * (file.encoding === 'utf8' ? 1 : 0.75),
      0,
    )
    if (bytes > runBounds.fileBytes) wrong('files', `are longer than ${runBounds.fileBytes} bytes together`)
  })
export type CreateRun = z.infer<typeof createRun>

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

/** A language as it can be used here and now: a recipe over a template. */
export const language = z.object({
  name: z.string(),
  title: z.string(),
  version: z.string().describe('exact, of the compiler or interpreter'),
  aliases: z.array(z.string()),
  file: z.string().describe('name that the first file gets when it has another ending'),
  compile: z.array(z.string()).nullable(),
  run: z.array(z.string()),
  template: templateName,
})
export type Language = z.infer<typeof language>
/** `GET /api/v1/languages` */
export const languageList = z.object({ items: z.array(language) })

/** How a template says it in its own file; `{file}` stands for the program's name. */
export const recipe = language.omit({ template: true })
export type Recipe = z.infer<typeof recipe>

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

// What follows is said between server and runtime.

/**
 * Body of `POST /runs` at the runtime. The answer is newline-delimited JSON, one `runtimeRunEvent` a line, the
 * last of type `end` or `failed`. Closing the line cancels the run.
 */
export const runtimeRun = z.strictObject({
  id: runId,
  tenantId,
  quota,
  template: templateName,
  cpus: sandboxLimits.shape.cpus,
  diskMiB: runLimits.shape.diskMiB,
  network: networkPolicy,
  env: environment,
  files: z.array(runFile).max(runBounds.files),
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
      }),
    )
    .min(1)
    .max(runBounds.steps),
  /** The last step runs once for each, with the case's stdin (base64) and arguments. */
  cases: z.array(runCase).max(runBounds.cases).nullable(),
  stopOnFailure: z.boolean(),
  artifacts: z.array(relativePath).max(runBounds.artifacts),
})
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

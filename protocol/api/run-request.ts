import { z } from 'zod'
import { metadata } from './bounds.js'
import { newId } from './ids.js'
import { networkPolicy } from './network.js'
import { command, contentEncoding, environment, templateName } from './sandbox.js'
import { textWithoutNul } from './text.js'

/** A run is a one-off task: fresh sandbox, steps in order, results, gone (`/api/v1/runs`). */
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
  /** A file about tests. */
  reportBytes: mib,
  /** Tests that are told of one report. */
  reportTests: 1000,
  /** The beginning of what a program and an interactive judge say to each other. */
  transcriptBytes: 64 * 1024,
  /** What a judge says to explain its decision. */
  judgeMessageBytes: 4096,
} as const

const encoded = (value: { content: string; encoding: 'utf8' | 'base64' }) =>
  value.encoding === 'utf8' ||
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value.content)

/** A path below the working directory, `/home/user`. */
export const relativePath = textWithoutNul(1024)
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

/** How a file tells about tests. */
export const reportFormat = z.enum(['junit', 'tap', 'gradescope'])
export type ReportFormat = z.infer<typeof reportFormat>

/** A file about tests that is read when the program that writes it has ended. */
export const runReport = z.strictObject({
  path: relativePath,
  format: reportFormat.optional().describe('default: by its content'),
})
export type RunReport = z.infer<typeof runReport>

export const runStep = z.strictObject({
  name: textWithoutNul(64).min(1).optional().describe('`compile` makes its failure a compile_error'),
  command: runCommand,
  stdin: z
    .string()
    .max(8 * mib)
    .optional(),
  env: environment.optional(),
  limits: stepLimits.partial().optional(),
  report: runReport.optional().describe('written by the program itself, so it is only as true as that'),
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

/** Below the home directory of a judge, for what it is given and what it may say. */
export const caseFolder = 'case'

/**
 * A program that decides about the last step or its cases, in a sandbox of its own: neither sees the other's files or
 * processes. Its arguments are the paths of the case's input, output and expected output.
 */
export const runJudge = z.strictObject({
  mode: z
    .enum(['checker', 'interactive'])
    .describe(
      [
        "checker: started after each case that ended well, with the program's stdout as a file",
        "interactive: runs beside the program; each one's stdout is the stdin of the other",
      ].join('; '),
    ),
  template: templateName.optional().describe("default: the run's"),
  files: z.array(runFile).max(runBounds.files).default([]),
  compile: runCommand.optional().describe('once, before the first case'),
  command: runCommand.describe('exit code 0: ok, 1: wrong answer, any other end: judge_error'),
  env: environment.optional(),
  limits: runLimits.partial().optional(),
  network: networkPolicy.default('none'),
  report: runReport.optional().describe('must be there and valid, or it is a judge_error'),
})
export type RunJudge = z.infer<typeof runJudge>

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
    judge: runJudge.optional(),
    report: runReport.optional().describe('of the last step'),
    artifacts: z.array(relativePath).max(runBounds.artifacts).optional().describe('files to hand back'),
    wait: z.boolean().default(false).describe('answer when it has ended, or 202 after 60 s'),
    callbackUrl: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .optional()
      .describe('POSTed the result, signed with the secret of the tenant; not for students'),
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
    if (run.judge?.mode === 'checker' && run.cases === undefined) wrong('judge', 'a checker needs cases')
    if (run.report !== undefined && run.steps !== undefined)
      wrong('report', 'each of the steps has its own report')
    const files = problemOf(run.files)
    if (files !== undefined) wrong('files', files)
    const judges = run.judge && (problemOf(run.judge.files) ?? reserved(run.judge.files))
    if (judges !== undefined) {
      context.addIssue({ code: 'custom', path: ['judge', 'files'], message: judges })
    }
  })
export type CreateRun = z.infer<typeof createRun>

/** What is wrong with the files of one sandbox. */
function problemOf(files: readonly RunFile[]): string | undefined {
  const paths = files.map(({ path }) => plain(path))
  if (new Set(paths).size !== paths.length) return 'two have the same path'
  const bytes = files.reduce(
    (sum, file) => sum + file.content.length * (file.encoding === 'utf8' ? 1 : 0.75),
    0,
  )
  return bytes > runBounds.fileBytes ? `are longer than ${runBounds.fileBytes} bytes together` : undefined
}

function reserved(files: readonly RunFile[]): string | undefined {
  const within = files.some(({ path }) => plain(path).split('/')[0] === caseFolder)
  return within ? `must not be in ${caseFolder}, where each case is put` : undefined
}

const plain = (path: string) =>
  path
    .split('/')
    .filter((step) => step !== '.')
    .join('/')

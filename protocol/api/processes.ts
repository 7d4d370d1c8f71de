import { z } from 'zod'
import { processId, sandboxId } from './ids.js'
import { command, environment, exitStatus, insideUser, terminalSize, workingDirectory } from './sandbox.js'

/** Body of `POST /sandboxes/{id}/processes`, at the API and at the runtime. */
export const startProcess = z.strictObject({
  command,
  cwd: workingDirectory.optional(),
  env: environment.optional(),
  user: insideUser.default('user'),
  tty: z
    .strictObject(terminalSize.shape)
    .optional()
    .describe('gives it a terminal of this size; then it is listed under `terminals` as well'),
  stdin: z
    .boolean()
    .default(false)
    .describe('keeps its standard input open for `POST …/stdin`; otherwise it reads the end of file at once'),
  timeoutMs: z.int().min(1).max(2_147_483_647).optional().describe('it is killed after this'),
})
export type StartProcess = z.infer<typeof startProcess>

/** Characters of a command that a description holds. */
export const shownCommandMax = 4096

/** Something that was started inside a sandbox. It outlives whoever started it. */
export const sandboxProcess = z.object({
  id: processId,
  sandboxId,
  command: z
    .string()
    .describe(`as it was asked for, arguments joined by spaces; at most ${shownCommandMax} characters`),
  tty: terminalSize.nullable().describe('null when it has no terminal'),
  stdin: z.boolean().describe('whether it can be sent input'),
  pid: z.number().nullable().describe('inside the sandbox; null when it has ended, or is not known'),
  firstSeq: z.number().describe('number of the first byte of output that is still kept'),
  seq: z.number().describe('bytes of output so far, standard output and standard error together'),
  createdAt: z.iso.datetime(),
  exit: exitStatus.nullable().describe('null while it runs'),
  timedOut: z.boolean().describe('whether it was killed by its `timeoutMs`'),
})
export type SandboxProcess = z.infer<typeof sandboxProcess>

/** Signals that a process can be sent. */
export const signalName = z.enum([
  ...([
    'SIGHUP',
    'SIGINT',
    'SIGQUIT',
    'SIGUSR1',
    'SIGUSR2',
    'SIGALRM',
    'SIGTERM',
    'SIGCONT',
    'SIGSTOP',
  ] as const),
  ...(['SIGTSTP', 'SIGWINCH', 'SIGKILL'] as const),
])
export type SignalName = z.infer<typeof signalName>

/** Body of `POST /sandboxes/{id}/processes/{processId}/signal`. */
export const signalProcess = z.strictObject({ signal: signalName })

/** Body of `POST /sandboxes/{id}/processes/{processId}/resize`. */
export const resizeProcess = z.strictObject(terminalSize.shape)

/** Query of `GET /sandboxes/{id}/processes/{processId}`. */
export const readProcess = z.object({
  waitSeconds: z.coerce.number().min(0).max(300).default(0).describe('answers when it ends, or after this'),
})

/** Query of `GET /sandboxes/{id}/processes/{processId}/output`. */
export const readOutput = z.object({
  since: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe('number of the first byte that is wanted; everything that is kept when it is left out'),
})

/** Query of `POST /sandboxes/{id}/processes/{processId}/stdin`. */
export const sendStdin = z.object({
  close: z.enum(['true', 'false']).default('false').describe('closes its standard input after this'),
})

export const processParams = z.object({ id: sandboxId, processId })

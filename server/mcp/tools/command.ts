import { z } from 'zod'
import { type ExecExit, execRequest, insideUser, workingDirectory } from '../../../protocol/api/index.js'
import { ApiError, notFound } from '../../errors.js'
import { pieceOf } from '../../sandboxes/exec.js'
import { Excerpt, endOf } from '../excerpt.js'
import { type Context, tool } from '../tool.js'
import { sandbox } from './sandbox.js'

const [stdoutMax, stderrMax] = [20_000, 8000]
/** Between two messages about output, each of which holds what came since, or its end. */
const [pauseMs, messageMax] = [250, 4000]

const { command, stdin } = execRequest.shape

export const runCommand = tool(
  {
    name: 'run_command',
    title: 'Run a command',
    description:
      'Runs a shell command in a sandbox, waits for its end, and answers with exit code, stdout and stderr. ' +
      'A call that is cancelled, or whose time is over, kills the command. Each call is a new shell: `cd` and variables do not stay. ' +
      'For a server or anything that must go on, start it in the background with its output in a file (nohup … > server.log 2>&1 &) and use wait_for_port. ' +
      'Programs that ask at a terminal get no answer: use their options, such as -y.',
    input: z.strictObject({
      sandbox,
      command: command.describe(
        'a line for /bin/sh -c, or an array of a program and its arguments without a shell',
      ),
      directory: workingDirectory.optional().describe('where it starts; /home/user if absent'),
      stdin: stdin.describe('what it reads from standard input'),
      timeout_seconds: z.int().min(1).max(3600).default(60).describe('it is killed after this'),
      user: insideUser.default('user').describe('root where sudo does not work (hardened isolation)'),
    }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  },
  async (context, { sandbox, command, directory, stdin, timeout_seconds, user }) => {
    const { who, services, signal } = context
    const wanted = execRequest.parse({
      ...{ command, user, timeoutMs: timeout_seconds * 1000 },
      ...(directory === undefined ? {} : { cwd: directory }),
      ...(stdin === undefined ? {} : { stdin }),
    })
    const stream = await services.execs.start(who, sandbox, wanted, signal)
    const held = await services.sandboxes.hold(who, sandbox, () => context.cancel())
    try {
      return await followed(stream, context, timeout_seconds)
    } finally {
      held.release()
      stream.destroy()
    }
  },
)

type FrameStream = Awaited<ReturnType<Context['services']['execs']['start']>>

async function followed(stream: FrameStream, context: Context, timeoutSeconds: number): Promise<string> {
  const output = { stdout: new Excerpt(stdoutMax), stderr: new Excerpt(stderrMax) }
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  const teller = new Teller(context)
  let exit: ExecExit | undefined
  try {
    for await (const frame of stream) {
      const piece = pieceOf(frame)
      if (piece.type === 'exit') {
        exit = piece.exit
        break
      }
      const text = decoders[piece.type].decode(piece.bytes, { stream: true })
      output[piece.type].add(text)
      await teller.tell(text)
    }
  } catch {
    // It was cut off, and nothing else is known of it.
  } finally {
    teller.end()
  }
  if (exit === undefined) {
    // Whoever lost sight of it meanwhile is told what they would be told now.
    if (context.signal.aborted) throw notFound('sandbox')
    throw new ApiError(
      'runtime_unavailable',
      'the runtime ended while the command ran; how it went on is unknown',
    )
  }
  return described(exit, output.stdout, output.stderr, timeoutSeconds)
}

function described(exit: ExecExit, stdout: Excerpt, stderr: Excerpt, timeoutSeconds: number): string {
  const seconds = (exit.durationMs / 1000).toFixed(2)
  const end = exit.signal === null ? `exit code ${exit.exitCode}` : `ended by ${exit.signal}`
  const late = exit.timedOut
    ? `killed after ${timeoutSeconds} s: give more timeout_seconds, or run it in the background; `
    : ''
  const how =
    'to see it, write the output to a file (command > out.txt 2>&1) and use read_file or search_files'
  return [
    `${late}${end}, ${seconds} s`,
    `--- stdout ---\n${stdout.text(how)}`,
    ...(stderr.length === 0 ? [] : [`--- stderr ---\n${stderr.text(how)}`]),
  ].join('\n')
}

/** Tells a client what was printed, a few times a second at most. */
class Teller {
  #text = ''
  #seen = 0
  #toldAt = Number.NEGATIVE_INFINITY
  #later: NodeJS.Timeout | undefined

  constructor(private readonly context: Context) {}

  /** Resolves when the client takes more. */
  async tell(text: string): Promise<void> {
    if (this.context.progress === undefined || text === '') return
    this.#seen += text.length
    this.#text = endOf(this.#text + text, messageMax)
    const restMs = this.#toldAt + pauseMs - performance.now()
    if (restMs <= 0) return this.#flush()
    this.#later ??= setTimeout(() => void this.#flush(), restMs)
  }

  /** Nothing is told any more: the result has it. */
  end(): void {
    clearTimeout(this.#later)
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#later)
    this.#later = undefined
    this.#toldAt = performance.now()
    const message = this.#text
    this.#text = ''
    await this.context.progress?.(this.#seen, message)
  }
}

import { z } from 'zod'
import {
  createRun,
  languageName,
  type Output,
  type Run,
  runBounds,
  type StepResult,
} from '../../../protocol/api/index.js'
import { Excerpt } from '../excerpt.js'
import { type Context, tool } from '../tool.js'

const waitMs = 60_000
/** Of each stream of the last step; what a compiler says comes before it. */
const [stdoutMax, stderrMax] = [16_000, 6000]

export const runCode = tool(
  {
    name: 'run_code',
    title: 'Run code',
    description:
      'Runs one program in a fresh sandbox that is gone afterwards, and answers with its output, exit code and how it ended. ' +
      'Compiles it first where the language needs that. For calculations and for trying something out; nothing is kept between two calls. ' +
      'To work with files or packages, create_sandbox and run_command.',
    input: z.strictObject({
      language: languageName.describe(
        'such as python, node, cpp, java; of a wrong one you are told which there are',
      ),
      code: z.string().min(1).max(runBounds.fileBytes).describe('the whole program'),
      stdin: z.string().max(runBounds.fileBytes).optional().describe('what it reads from standard input'),
      network: z.enum(['none', 'internet']).default('none'),
      timeout_seconds: z.int().min(1).max(600).default(10).describe('it is killed after this'),
    }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  },
  async (context, { language, code, stdin, network, timeout_seconds }) => {
    const wallMs = timeout_seconds * 1000
    const wanted = createRun.parse({
      ...{ language, network, files: [{ path: 'main', content: code }] },
      ...(stdin === undefined ? {} : { stdin }),
      limits: { wallMs, cpuMs: wallMs },
    })
    return described(await performed(context, wanted))
  },
)

/** The run when it has ended. Whoever cancels ends it. */
async function performed(
  { who, services, signal }: Context,
  wanted: z.infer<typeof createRun>,
): Promise<Run> {
  let run = await services.runs.create(who, wanted, undefined)
  const { id } = run
  const cancel = () => void services.runs.cancel(who, id).catch(() => {}) // its own limits end it
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    while (run.finishedAt === null) run = await services.runs.ended(who, id, waitMs)
    return run
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function described({ status, steps, message }: Run): string {
  const last = steps.at(-1)
  const before = steps.slice(0, -1).filter(({ stderr, stdout }) => stderr.bytes + stdout.bytes > 0)
  return [
    `status ${status ?? 'canceled'}${message === null ? '' : `: ${message}`}`,
    ...before.map((step) => `${howItEnded(step)}\n${printed(step, 2000, 2000)}`),
    ...(last === undefined ? [] : [howItEnded(last), printed(last, stdoutMax, stderrMax)]),
  ].join('\n')
}

function howItEnded({ name, status, exitCode, signal, wallUs, memoryPeakBytes, message }: StepResult) {
  const end = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`
  const used = `${(wallUs / 1e6).toFixed(2)} s, ${Math.ceil(memoryPeakBytes / 1024 ** 2)} MiB`
  return `step ${name}: ${status}, ${end}, ${used}${message === null ? '' : `; ${message}`}`
}

const printed = ({ stdout, stderr }: StepResult, outMax: number, errMax: number) =>
  [`--- stdout ---\n${shown(stdout, outMax)}`, `--- stderr ---\n${shown(stderr, errMax)}`].join('\n')

function shown({ content, encoding, bytes, truncated }: Output, max: number): string {
  if (encoding === 'base64') return `(${bytes} bytes that are not text)`
  const excerpt = new Excerpt(max)
  excerpt.add(content)
  const how = 'let the program print less, or use create_sandbox and write to a file'
  return `${excerpt.text(how)}${truncated ? `\n(of ${bytes} bytes only the beginning was kept)` : ''}`
}

import type { Process, ProcessDescription, Sandbox, SignalName } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { userFlag, userOf } from './as-user.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { exitCodeOfProgram, notTheProgram } from './exit-code.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, printTable, showAge, showBytes, write } from './output.js'
import { pairs } from './pairs.js'
import { secondsOf } from './quantity.js'

const signals: readonly SignalName[] = [
  ...(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGTERM', 'SIGCONT'] as const),
  ...(['SIGSTOP', 'SIGTSTP', 'SIGWINCH', 'SIGKILL'] as const),
]

const list = clientCommand({
  name: 'process ls',
  group: 'Processes',
  operands: 'SANDBOX',
  summary: 'List the processes of a sandbox that can be attached to, terminals among them',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const all = await (await findSandbox(cloche, words[0])).processes.list()
    const rows = all.map((one) => [
      ...[one.id, stateOf(one), one.tty === null ? '' : 'tty', showBytes(one.seq)],
      ...[showAge(one.createdAt), one.command.slice(0, 60)],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'STATE', 'TTY', 'OUTPUT', 'AGE', 'COMMAND'], rows)
    return 0
  },
})

const stateOf = ({ exit, timedOut }: ProcessDescription) => {
  if (exit === null) return 'running'
  if (timedOut) return 'timed out'
  return exit.signal ?? `exited ${exit.exitCode}`
}

const start = clientCommand({
  name: 'process start',
  group: 'Processes',
  operands: 'SANDBOX COMMAND…',
  summary: 'Start a command that outlives this call, and print its id',
  details:
    'A single word is run by /bin/sh -c; several are a program and its arguments. Options of cloche go before\n' +
    'SANDBOX. Its last output, about 1 MiB, is kept until ten minutes after its end: cloche process logs.',
  flags: {
    stdin: { type: 'boolean', short: 'i', help: 'pass stdin to the command, and its end' },
    user: userFlag,
    cwd: { type: 'string', short: 'w', value: 'DIRECTORY', help: 'working directory' },
    env: {
      ...{ type: 'string', short: 'e', multiple: true, value: 'NAME=TEXT' },
      help: 'an environment variable; can be given more than once',
    },
    timeout: { type: 'string', value: 'TIME', help: 'kill it after this time, such as 30s or 10m' },
  },
  takes: 1,
  completes: sandboxWords,
  async run(call) {
    const { cloche, words, rest, json, has } = call
    const sandbox = await findSandbox(cloche, words[0])
    const [only, ...more] = rest
    if (only === undefined) throw new UsageError('specify a command: cloche process start SANDBOX COMMAND…')
    const started = await startProcess(sandbox, more.length === 0 ? only : [...rest], call)
    if (has('stdin')) await started.write(stdinStream(), { close: true })
    if (json) printJson(await started.describe())
    else console.log(started.id)
    return 0
  },
})

/** Starts what the options of a call say. */
export function startProcess(
  sandbox: Sandbox,
  command: string | string[],
  { has, text, texts }: ClientCall,
): Promise<Process> {
  const [cwd, seconds] = [text('cwd'), secondsOf('timeout', text('timeout'))]
  return sandbox.processes.start(command, {
    ...{ user: userOf(text('user')), env: pairs('env', texts('env')), stdin: has('stdin') },
    ...(cwd === undefined ? {} : { cwd }),
    ...(seconds === undefined ? {} : { timeoutMs: Math.round(seconds * 1000) }),
  })
}

/** What this program reads, as it comes. */
export function stdinStream(): ReadableStream<Uint8Array> {
  const chunks = process.stdin.iterator({ destroyOnReturn: false })
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

/** Prints a process's output. @returns how it ended, as an exit code */
export async function printProcess(of: Process, asJson: boolean): Promise<number> {
  for await (const event of of.output()) {
    if (asJson) {
      printJson('bytes' in event ? { ...event, bytes: Buffer.from(event.bytes).toString('base64') } : event)
    } else if (event.type === 'gap') {
      console.error(`cloche: output before byte ${event.seq} is not kept any more`)
    } else if (event.type === 'screen') await write(process.stdout, event.bytes)
    else if (event.type === 'stdout' || event.type === 'stderr') await write(process[event.type], event.bytes)
    if (event.type === 'exit') return exitCodeOfProgram(event)
  }
  return notTheProgram
}

const logs = clientCommand({
  name: 'process logs',
  group: 'Processes',
  operands: 'SANDBOX PROCESS',
  summary: 'Print the output of a process, and follow it until it ends',
  details:
    'The exit code is that of the process, 128 + n when signal n ended it, and 125 when Cloche failed.',
  failureCode: notTheProgram,
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    return printProcess(await find(cloche, words, 'logs'), json)
  },
})

const kill = clientCommand({
  name: 'process kill',
  group: 'Processes',
  operands: 'SANDBOX PROCESS',
  summary: 'Kill a process with its descendants, or send them a signal',
  flags: {
    signal: {
      type: 'string',
      short: 's',
      value: 'NAME',
      help: 'send this signal, such as SIGTERM, and keep the process',
    },
  },
  completes: sandboxWords,
  async run({ cloche, words, text }) {
    const found = await find(cloche, words, 'kill')
    const wanted = text('signal')?.toUpperCase()
    const signal = signals.find((name) => name === wanted || name === `SIG${wanted}`)
    if (wanted !== undefined && signal === undefined)
      throw new UsageError(`--signal must be one of ${signals.join(', ')}`)
    await (signal === undefined ? found.kill() : found.signal(signal))
    return 0
  },
})

async function find(
  cloche: ClientCall['cloche'],
  words: readonly string[],
  command: string,
): Promise<Process> {
  const [sandbox, id] = words
  if (id === undefined) throw new UsageError(`specify a process: cloche process ${command} SANDBOX PROCESS`)
  return (await findSandbox(cloche, sandbox)).processes.at(id)
}

export const processCommands: readonly Command[] = [list, start, logs, kill]

import { buffer } from 'node:stream/consumers'
import { Conflict, type ExecOptions, type Process } from '../../sdk/index.js'
import { UsageError } from '../command.js'
import { userFlag, userOf } from './as-user.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { exitCodeOfProgram, notTheProgram, timeIsOver } from './exit-code.js'
import { findSandbox, sandboxWords } from './find.js'
import { beforeNobodyReads, printJson, write } from './output.js'
import { pairs } from './pairs.js'
import { printProcess, startProcess, stdinStream } from './process.js'
import { secondsOf } from './quantity.js'

/** The most that the server allows: whoever waits at a prompt can press Ctrl-C. */
const defaultTimeoutSeconds = 3600

export const exec = clientCommand({
  name: 'exec',
  group: 'Sandboxes',
  operands: 'SANDBOX COMMAND…',
  summary: 'Run a command in a sandbox and print its output',
  details:
    'A single word is run by /bin/sh -c; several are a program and its arguments. Options of cloche go before\n' +
    'SANDBOX. The exit code is that of the command; 128 + n when signal n ended it, 124 when it timed out, and 125\n' +
    'when Cloche failed.',
  flags: {
    stdin: {
      type: 'boolean',
      short: 'i',
      help: 'pass stdin to the command, as it comes; with --json at most 8 MiB',
    },
    user: userFlag,
    cwd: {
      type: 'string',
      short: 'w',
      value: 'DIRECTORY',
      help: 'working directory; default: the home directory',
    },
    env: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'NAME=TEXT',
      help: 'an environment variable; can be given more than once',
    },
    timeout: {
      type: 'string',
      value: 'TIME',
      help: 'kill it after this time, such as 30s or 10m; default: 1h, and none with --stdin',
    },
  },
  takes: 1,
  failureCode: notTheProgram,
  completes: sandboxWords,
  async run(call) {
    const { cloche, words, rest, json, has } = call
    const sandbox = await findSandbox(cloche, words[0])
    const [only, ...more] = rest
    if (only === undefined) throw new UsageError('specify a command: cloche exec SANDBOX COMMAND…')
    const command = more.length === 0 ? only : [...rest]
    if (has('stdin') && !json) return withInput(await startProcess(sandbox, command, call))
    const options = await optionsOf(call)
    if (json) {
      const result = await sandbox.exec(command, options)
      printJson(result)
      return result.timedOut ? timeIsOver : exitCodeOfProgram(result)
    }
    for await (const event of sandbox.execEvents(command, options)) {
      if (event.type === 'exit') return event.timedOut ? timeIsOver : exitCodeOfProgram(event)
      await write(process[event.type], event.bytes)
    }
    return notTheProgram
  },
})

/** Passes input on as it comes, of any length, and prints what comes back. What ends this ends the command. */
async function withInput(started: Process): Promise<number> {
  const kill = () => started.kill().catch(() => {}) // it has ended, or nobody answers
  beforeNobodyReads(kill)
  const end = async (name: NodeJS.Signals) => {
    await kill()
    process.exit(exitCodeOfProgram({ exitCode: null, signal: name }))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, end)
  const sending = started.write(stdinStream(), { close: true }).catch((error: unknown) => {
    // A command that ends without reading its input is as good as any.
    if (!(error instanceof Conflict)) throw error
  })
  const code = await Promise.race([
    printProcess(started, false),
    sending.then(() => new Promise<never>(() => {})),
  ])
  const { timedOut } = await started.describe()
  await started.kill()
  process.stdin.destroy()
  return timedOut ? timeIsOver : code
}

async function optionsOf({ has, text, texts }: ClientCall): Promise<ExecOptions> {
  const [user, cwd] = [userOf(text('user')), text('cwd')]
  return {
    ...{ user, env: pairs('env', texts('env')) },
    ...(cwd === undefined ? {} : { cwd }),
    ...(has('stdin') ? { stdin: await buffer(process.stdin) } : {}),
    timeoutMs: Math.round((secondsOf('timeout', text('timeout')) ?? defaultTimeoutSeconds) * 1000),
  }
}

import { buffer } from 'node:stream/consumers'
import type { ExecOptions } from '../../sdk/index.js'
import { UsageError } from '../command.js'
import { userFlag, userOf } from './as-user.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { exitCodeOfProgram, notTheProgram, timeIsOver } from './exit-code.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, write } from './output.js'
import { pairs } from './pairs.js'
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
    stdin: { type: 'boolean', short: 'i', help: 'pass stdin to the command, at most 8 MiB' },
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
      help: 'kill it after this time, such as 30s or 10m; default: 1h',
    },
  },
  takes: 1,
  failureCode: notTheProgram,
  completes: sandboxWords,
  async run(call) {
    const { cloche, words, rest, json } = call
    const sandbox = await findSandbox(cloche, words[0])
    const [only, ...more] = rest
    if (only === undefined) throw new UsageError('specify a command: cloche exec SANDBOX COMMAND…')
    const command = more.length === 0 ? only : [...rest]
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

async function optionsOf({ has, text, texts }: ClientCall): Promise<ExecOptions> {
  const [user, cwd] = [userOf(text('user')), text('cwd')]
  return {
    ...{ user, env: pairs('env', texts('env')) },
    ...(cwd === undefined ? {} : { cwd }),
    ...(has('stdin') ? { stdin: await buffer(process.stdin) } : {}),
    timeoutMs: Math.round((secondsOf('timeout', text('timeout')) ?? defaultTimeoutSeconds) * 1000),
  }
}

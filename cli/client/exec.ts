import { buffer } from 'node:stream/consumers'
import type { ExecOptions } from '../../sdk/index.js'
import { UsageError } from '../command.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { exitCodeOfProgram, notTheProgram, timeIsOver } from './exit-code.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, write } from './output.js'
import { pairs } from './pairs.js'

/** What the server allows at most: whoever waits at a prompt can press Ctrl-C. */
const defaultTimeoutSeconds = 3600

export const exec = clientCommand({
  name: 'exec',
  operands: 'SANDBOX COMMAND…',
  summary: 'Runs a command in a sandbox, with its output and exit code.',
  details:
    'One word is run by /bin/sh -c; more are a program and its arguments. Our flags come before SANDBOX: what follows\n' +
    'it is the command. Ends with its exit code, 128 and the number of the signal that ended it, 124 when its time was\n' +
    'over, and 125 when Cloche failed.',
  flags: {
    stdin: { type: 'boolean', short: 'i', help: 'hand over our stdin, at most 8 MiB' },
    user: { type: 'string', short: 'u', value: 'NAME', help: 'user (if absent) or root' },
    cwd: { type: 'string', short: 'w', value: 'DIRECTORY', help: 'working directory; the home if absent' },
    env: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'NAME=TEXT',
      help: 'a variable; more than one',
    },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      help: `kill it after this time; ${defaultTimeoutSeconds} if absent`,
    },
  },
  takes: 1,
  failureCode: notTheProgram,
  completes: sandboxWords,
  async run(call) {
    const { cloche, words, rest, json } = call
    const sandbox = await findSandbox(cloche, words[0])
    const [only, ...more] = rest
    if (only === undefined) throw new UsageError('which command? cloche exec SANDBOX COMMAND…')
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

async function optionsOf({ has, text, texts, number }: ClientCall): Promise<ExecOptions> {
  const [user, cwd] = [text('user') ?? 'user', text('cwd')]
  if (user !== 'user' && user !== 'root') throw new UsageError(`--user is user or root, not ${user}`)
  return {
    ...{ user, env: pairs('env', texts('env')) },
    ...(cwd === undefined ? {} : { cwd }),
    ...(has('stdin') ? { stdin: await buffer(process.stdin) } : {}),
    timeoutMs: Math.round((number('timeout') ?? defaultTimeoutSeconds) * 1000),
  }
}

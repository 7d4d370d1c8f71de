import type { OpenTerminal, Sandbox, Terminal } from '../../sdk/index.js'
import { Failure } from '../command.js'
import { userFlag, userOf } from './as-user.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { EscapeFilter } from './escape.js'
import { exitCodeOfProgram, notTheProgram } from './exit-code.js'
import { findSandbox, sandboxWords } from './find.js'
import { ModeWatch } from './modes.js'
import { printJson, printTable, showAge, write } from './output.js'
import { pairs } from './pairs.js'
import { makeRaw } from './raw.js'

/** A connection that is back sooner than this is not reported. */
const reportAfterMs = 2000

export const shell = clientCommand({
  name: 'shell',
  group: 'Sandboxes',
  operands: 'SANDBOX [COMMAND…]',
  summary: 'Open a terminal in a sandbox: a login shell, or COMMAND',
  details:
    'Type Enter ~ . to detach and leave the terminal running; ~~ sends one ~. After a lost connection it reconnects\n' +
    'and continues without losing output. The exit code is that of the program, 0 after Enter ~ . and 125 when Cloche\n' +
    'failed.',
  flags: {
    attach: { type: 'string', short: 'a', value: 'TERMINAL', help: 'attach to an existing terminal' },
    list: { type: 'boolean', short: 'l', help: 'list the terminals of the sandbox' },
    cwd: {
      type: 'string',
      short: 'w',
      value: 'DIRECTORY',
      help: 'working directory; default: the home directory',
    },
    user: userFlag,
    env: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'NAME=TEXT',
      help: 'an environment variable; can be given more than once',
    },
  },
  takes: 1,
  failureCode: notTheProgram,
  completes: sandboxWords,
  async run(call) {
    const sandbox = await findSandbox(call.cloche, call.words[0])
    if (call.has('list')) return listTerminals(sandbox, call.json)
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new Failure('shell needs a terminal on stdin and stdout; cloche exec runs a command without one')
    }
    const attach = call.text('attach')
    const terminal =
      attach === undefined
        ? await sandbox.terminals.open(optionsOf(call))
        : await sandbox.terminals.attach(attach, size())
    return hold(terminal, call.words[0] ?? sandbox.id)
  },
})

function optionsOf({ rest, text, texts }: ClientCall): OpenTerminal {
  const cwd = text('cwd')
  return {
    ...{ ...size(), env: pairs('env', texts('env')), user: userOf(text('user')) },
    ...(cwd === undefined ? {} : { cwd }),
    ...(rest.length === 0 ? {} : { command: [...rest] }),
  }
}

/** The local terminal's, within what the server takes. */
const size = () => ({
  cols: Math.min(1000, Math.max(2, process.stdout.columns)),
  rows: Math.min(500, Math.max(1, process.stdout.rows)),
})

/** Makes the local terminal the remote one until the program ends or the user leaves. */
async function hold(terminal: Terminal, sandbox: string): Promise<number> {
  const { stdin, stdout } = process
  const escapes = new EscapeFilter()
  const modes = new ModeWatch()
  const type = (typed: Buffer) => {
    const { bytes, leave } = escapes.push(typed)
    try {
      terminal.write(bytes)
    } catch {
      stdout.write('\x07') // The line is down, and more than anybody types waits already.
    }
    if (leave) terminal.detach()
  }
  const resize = () => terminal.resize(size().cols, size().rows)
  const leave = () => terminal.detach()
  const restore = makeRaw()
  stdin.on('data', type).on('end', leave)
  stdout.on('resize', resize)
  process.on('SIGTERM', leave).on('SIGHUP', leave)
  try {
    const code = await show(terminal, modes)
    if (code !== undefined) return code
    stdout.write(
      `\r\n[detached from ${terminal.id}. To return: cloche shell --attach ${terminal.id} ${sandbox}]\r\n`,
    )
    return 0
  } finally {
    stdin.off('data', type).off('end', leave).pause()
    stdout.off('resize', resize)
    process.off('SIGTERM', leave).off('SIGHUP', leave)
    stdout.write(modes.undo())
    restore()
  }
}

/** @returns the program's exit code; undefined when it goes on without us */
async function show(terminal: Terminal, modes: ModeWatch): Promise<number | undefined> {
  const { stdout } = process
  let silence: NodeJS.Timeout | undefined
  let said = false
  const lineChanged = (up: boolean) => {
    clearTimeout(silence)
    if (up && said) stdout.write('[cloche: reconnected]\r\n')
    said = false
    if (up) return
    silence = setTimeout(() => {
      said = true
      stdout.write('\r\n[cloche: connection lost; reconnecting. Enter ~ . detaches]\r\n')
    }, reportAfterMs)
  }
  try {
    for await (const event of terminal) {
      if (event.type === 'line') lineChanged(event.up)
      if (event.type === 'exit') return exitCodeOfProgram(event)
      if (event.type === 'screen') stdout.write('\x1b[0m\x1b[H\x1b[2J')
      if (event.type === 'screen' || event.type === 'output') {
        modes.see(event.bytes)
        await write(stdout, event.bytes)
      }
    }
    return undefined
  } finally {
    clearTimeout(silence)
  }
}

async function listTerminals(sandbox: Sandbox, json: boolean): Promise<number> {
  const all = await sandbox.terminals.list()
  const rows = all.map(({ id, title, cols, rows: lines, createdAt, exit }) => [
    ...[id, title, `${cols}×${lines}`, showAge(createdAt), exit === null ? 'running' : 'ended'],
  ])
  if (json) printJson(all)
  else printTable(['ID', 'TITLE', 'SIZE', 'AGE', 'STATE'], rows)
  return 0
}

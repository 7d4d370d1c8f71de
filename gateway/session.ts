import { setMaxListeners } from 'node:events'
import type { ServerChannel, Session } from 'ssh2'
import { type ExitStatus, signalName, type TerminalSize } from '../protocol/api/index.js'
import { Refused } from './api.js'
import { serveSftp } from './sftp/serve.js'
import { Program, type Shell, writeTo } from './shell.js'

/** What a client may set, as `AcceptEnv` of most servers, and what tools for git and terminals send. */
const settable =
  /^(LANG|LC_[A-Z]{1,30}|TZ|COLORTERM|NO_COLOR|TERM_PROGRAM|TERM_PROGRAM_VERSION|GIT_PROTOCOL)$/
const maxVariables = 32
const longestVariable = 1024

/**
 * As OpenSSH does: the shell of the user runs the command. What the user wrote is an argument, and never part of this text.
 */
const runShell =
  '[ -x "$SHELL" ] || SHELL=/bin/sh; export SHELL; if [ $# -gt 0 ]; then exec "$SHELL" -c "$1"; else exec "$SHELL" -l; fi'

/** A client without a screen says 0. The API takes screens of these sizes. */
const sizeOf = ({ cols, rows }: TerminalSize): TerminalSize => ({
  cols: Math.min(Math.max(cols || 80, 2), 1000),
  rows: Math.min(Math.max(rows || 24, 1), 500),
})

/** Serves one session: a command, a shell or SFTP. */
export function serveSession(shell: Shell, session: Session): void {
  const env: Record<string, string> = {}
  const over = new AbortController()
  // Every write listens.
  setMaxListeners(0, over.signal)
  // Not when the channel says so: it waits until everything was read that had come.
  session.once('close', () => over.abort())
  const end = () => over.abort()
  shell.signal.addEventListener('abort', end)
  over.signal.addEventListener('abort', () => shell.signal.removeEventListener('abort', end))
  let tty: TerminalSize | undefined
  let running: Promise<Program> | undefined
  const tell = (act: (program: Program) => Promise<void>) => void running?.then(act, () => {}) // it was refused
  session.on('env', (accept, reject, { key, val }) => {
    const room =
      Object.keys(env).length < maxVariables && val.length <= longestVariable && !val.includes('\0')
    if (!settable.test(key) || !room) return void reject?.()
    env[key] = val
    accept?.()
  })
  session.on('pty', (accept, _, { cols, rows, term }) => {
    tty = sizeOf({ cols, rows })
    if (typeof term === 'string' && /^[\w.+-]{1,64}$/.test(term)) env.TERM = term
    accept?.()
  })
  session.on('window-change', (accept, _, size) => {
    const { cols, rows } = sizeOf(size)
    tell((program) => program.resize(cols, rows))
    accept?.()
  })
  session.on('signal', (accept, reject, { name }) => {
    const { data: signal } = signalName.safeParse(`SIG${name.replace(/^SIG/, '')}`)
    if (signal === undefined) return void reject?.()
    tell((program) => program.signal(signal))
    accept?.()
  })
  // There is no socket inside for it: refused, as the client then says.
  session.on('auth-agent', (_, reject) => reject?.())
  const run = (channel: ServerChannel, args: string[]) => {
    const command = ['/bin/sh', '-c', runShell, 'sh', ...args]
    running = Program.start(shell, { command, env, stdin: true, ...(tty === undefined ? {} : { tty }) })
    perform(shell, channel, running, tty !== undefined, over).catch((error: unknown) => {
      shell.log.error({ error }, 'a command was not served')
      channel.close()
    })
  }
  session.on('exec', (accept, _, { command }) => run(accept(), [command]))
  session.on('shell', (accept) => run(accept(), []))
  session.on('subsystem', (accept, reject, { name }) => {
    if (name === 'sftp') void serveSftp(shell, accept(), over)
    else reject()
  })
}

/** Joins a program with a channel, until one of them has ended. */
async function perform(
  shell: Shell,
  channel: ServerChannel,
  starting: Promise<Program>,
  isTerminal: boolean,
  over: AbortController,
): Promise<void> {
  try {
    const program = await starting
    const input = program.send(channel, !isTerminal, over.signal).catch((error: unknown) => {
      // As the server is restarted, say: what is typed would not arrive any more.
      shell.log.warn({ error }, 'a session ends, since its input broke off')
      over.abort()
    })
    const write = (from: 'stdout' | 'stderr', bytes: Buffer) =>
      writeTo(from === 'stdout' ? channel : channel.stderr, bytes, over.signal)
    const exit = await program.read(write, over.signal)
    // What goes on without its user was started with `nohup`.
    if (over.signal.aborted) {
      channel.close()
      await program.signal('SIGHUP')
    } else leave(channel, exit)
    over.abort()
    await input
  } catch (error) {
    if (over.signal.aborted) return
    if (!(error instanceof Refused)) throw error
    await writeTo(channel.stderr, Buffer.from(`cloche: ${error.message}\r\n`), over.signal)
    leave(channel, { exitCode: 1, signal: null })
  } finally {
    over.abort()
    channel.resume()
  }
}

function leave(channel: ServerChannel, exit: ExitStatus | undefined): void {
  if (exit?.signal != null) {
    try {
      channel.exit(exit.signal, false, '')
    } catch {
      channel.exit(255) // a signal that the protocol has no name for
    }
  } else channel.exit(exit?.exitCode ?? 255)
  channel.end()
}

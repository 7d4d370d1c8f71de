import type { Duplex } from 'node:stream'
import type { AcceptConnection, RejectConnection, ServerChannel } from 'ssh2'
import { Refused } from './api.js'
import { Program, type Shell, writeTo } from './shell.js'

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i
/** As a name or an address can be. */
const hostPattern = /^[\w.:%-]{1,253}$/

/**
 * Joins its input and output with a connection, in the sandbox: so its names and its network policy count, and nothing else is reached.
 * Python ends each direction by itself; the others do for what answers and closes.
 */
const join = `
import os, socket, sys, threading
if sys.argv[1] == 'unix':
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[2])
else:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
    s.settimeout(None)
def up():
    while True:
        b = os.read(0, 65536)
        if not b: break
        s.sendall(b)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while True:
    b = s.recv(65536)
    if not b: break
    while b: b = b[os.write(1, b):]
`
const joinWith =
  'if command -v python3 >/dev/null; then exec python3 -c "$1" "$2" "$3"; elif [ "$2" = unix ]; then exec nc -U "$3"; else exec nc "$2" "$3"; fi'

/** `ssh -L`, `-D` and `-W`: a connection that is made in the sandbox. */
export async function forwardTcp(
  shell: Shell,
  { host, port }: { readonly host: string; readonly port: number },
  accept: AcceptConnection<ServerChannel>,
  reject: RejectConnection,
): Promise<void> {
  if (!hostPattern.test(host) || port < 1 || port > 65_535) return void reject()
  if (loopback.test(host)) {
    try {
      return await joinPort(await shell.api.connectPort(shell.sandboxId, port), accept(), shell.signal)
    } catch (error) {
      // Of a hardened sandbox the node opens no port.
      if (!(error instanceof Refused && error.code === 'conflict')) return void reject()
    }
  }
  await joinInside(shell, [host.replace(/^\[|\]$/g, ''), String(port)], accept, reject)
}

/** `ssh -L port:/path`: a socket of a program inside. */
export async function forwardSocket(
  shell: Shell,
  path: string,
  accept: AcceptConnection<ServerChannel>,
  reject: RejectConnection,
): Promise<void> {
  if (!path.startsWith('/') || path.includes('\0') || path.length > 107) return void reject()
  await joinInside(shell, ['unix', path], accept, reject)
}

/** Either side may end first and read on. */
function joinPort(line: Duplex, channel: ServerChannel, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => void line.destroy()
    line.on('error', end)
    channel.once('close', end)
    signal.addEventListener('abort', end)
    line.once('end', () => channel.eof())
    line.once('close', () => {
      signal.removeEventListener('abort', end)
      channel.close()
      channel.resume()
      resolve()
    })
    channel.pipe(line)
    line.pipe(channel, { end: false })
  })
}

async function joinInside(
  shell: Shell,
  to: readonly [string, string],
  accept: AcceptConnection<ServerChannel>,
  reject: RejectConnection,
): Promise<void> {
  const over = new AbortController()
  const end = () => over.abort()
  let program: Program
  try {
    const command = ['/bin/sh', '-c', joinWith, 'sh', join, ...to]
    program = await Program.start(shell, { command, stdin: true })
  } catch (error) {
    if (!(error instanceof Refused)) shell.log.warn({ error }, 'a connection was not made')
    return void reject()
  }
  const channel = accept()
  channel.once('close', end)
  shell.signal.addEventListener('abort', end)
  try {
    const input = program.send(channel, true, over.signal)
    await program.read(async (from, bytes) => {
      // What the program says of itself is for nobody.
      if (from === 'stdout') await writeTo(channel, bytes, over.signal)
    }, over.signal)
    if (over.signal.aborted) await program.signal('SIGKILL')
    channel.eof()
    over.abort()
    await input
  } catch (error) {
    shell.log.debug({ error }, 'a connection inside failed')
  } finally {
    shell.signal.removeEventListener('abort', end)
    channel.close()
    channel.resume()
  }
}

import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import type { Connection, ServerChannel, Session } from 'ssh2'
import type { Logger } from '../common/log.js'
import type { Entered } from './authenticate.js'
import { forwardSocket, forwardTcp } from './forward.js'
import { holdSession } from './hold.js'
import { maxForwarded, maxSessions } from './limits.js'
import { serveSession } from './session.js'
import type { Shell } from './shell.js'

/** What was said last is sent before the socket goes. */
const closingMs = 1000
/** Whoever is not let in hears it when they open a session, and has so long for it. */
const refusalMs = 10_000

/** Serves a connection of somebody who has proved who they are, until it ends or their access does. */
export function serve(client: Connection, socket: Socket, entered: Entered, log: Logger): void {
  const gone = new AbortController()
  const { signal } = gone
  // Each channel listens.
  setMaxListeners(0, signal)
  const end = () => {
    client.end()
    setTimeout(() => socket.destroy(), closingMs).unref()
  }
  client.once('close', () => {
    gone.abort()
    void entered.leave()
  })
  // Of a client that asks for what there is not, such as `ssh -R`.
  client.on('request', (_accept, reject) => reject?.())
  const { session } = entered
  if (session === undefined) {
    const reason = entered.refused ?? 'there is no way in'
    client.on('session', (accept) => refuseSession(accept(), reason, end))
    setTimeout(end, refusalMs).unref()
    return
  }
  const shell: Shell = { ...session, signal, log }
  holdSession(session.api, signal).then(
    (why) => {
      if (why === undefined) return
      log.info({ sandboxId: session.sandboxId, why }, 'a connection ends')
      end()
    },
    (error: unknown) => log.error({ error }, 'a session is not held'),
  )
  const [enterSession, enterForwarded] = [counter(maxSessions), counter(maxForwarded)]
  client.on('session', (accept, reject) => {
    const leave = enterSession()
    if (leave === undefined) return void reject()
    const one = accept()
    one.once('close', leave)
    serveSession(shell, one)
  })
  client.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const leave = enterForwarded()
    if (leave === undefined) return void reject()
    forwardTcp(shell, { host: destIP, port: destPort }, accept, reject).finally(leave)
  })
  client.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
    const leave = enterForwarded()
    if (leave === undefined) return void reject()
    forwardSocket(shell, socketPath, accept, reject).finally(leave)
  })
}

/** Counts what is open. @returns what counts one more, until what that gives is called; undefined when there are `most` */
function counter(most: number): () => (() => void) | undefined {
  let open = 0
  return () => {
    if (open >= most) return undefined
    open++
    let left = false
    return () => {
      if (!left) open--
      left = true
    }
  }
}

/** Says it as `ssh` shows what went wrong, whatever was asked for. */
function refuseSession(session: Session, reason: string, end: () => void): void {
  session.on('pty', (accept) => accept?.())
  session.on('exec', (accept) => say(accept()))
  session.on('shell', (accept) => say(accept()))
  session.on('subsystem', (accept) => say(accept()))
  const say = (channel: ServerChannel) => {
    channel.stderr.write(`cloche: ${reason}\r\n`)
    channel.exit(1)
    channel.end()
    setTimeout(end, closingMs).unref()
  }
}

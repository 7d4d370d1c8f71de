import { connect, type Socket as TcpSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { io } from 'socket.io-client'

/**
 * A program that floods a server with connections, in a process of its own, so that whoever is measured meanwhile does
 * not wait for the flood's own work. It opens so many at once of one kind, and prints how many are left after some
 * seconds: `flood KIND COUNT SECONDS URL KEY SANDBOX`.
 */
const [kind = '', count = '0', seconds = '0', url = '', key = '', sandbox = ''] = process.argv.slice(2)
const { hostname, port } = new URL(url)
const atOnce = 50

let open = 0
/** @param until what the server must have said before it counts; nothing when it is enough to be connected */
const tcp = (until: string, ...pieces: string[]): TcpSocket => {
  const socket = connect(Number(port), hostname)
  let counted = false
  const count = () => {
    if (!counted) open++
    counted = true
  }
  socket.on('error', () => {}).on('connect', () => until === '' && count())
  socket.on('data', (said) => said.toString().startsWith(until) && count())
  socket.on('close', () => counted && open--)
  for (const piece of pieces) socket.write(piece)
  return socket
}
const line = (token?: string) => {
  const socket = io(`${url}/terminals`, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false },
    ...(token === undefined ? {} : { auth: { token } }),
  })
  socket.on('connect', () => open++).on('disconnect', () => open--)
  return socket
}
const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
const host = `Host: ${hostname}:${port}\r\n`
const auth = `Authorization: Bearer ${key}\r\n`

const kinds: Readonly<Record<string, () => unknown>> = {
  /** Websockets that never say who they are. */
  anonymous: () =>
    tcp('HTTP/1.1 101', `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${host}${upgrade}\r\n`),
  /** Connections that send half of their headers. */
  'half-open': () => tcp('', `GET /healthz HTTP/1.1\r\n${host}X-Half:`),
  /** Connections that send nothing at all. */
  silent: () => tcp(''),
  /** Uploads that have begun and go on by a byte a second. */
  'slow uploads': () => {
    const path = `/api/v1/sandboxes/${sandbox}/files?path=slow`
    const socket = tcp('', `PUT ${path} HTTP/1.1\r\n${host}${auth}Content-Length: 1000000\r\n\r\n`)
    setInterval(() => socket.write('x'), 1000).unref()
  },
  /** Websockets to an app in a sandbox, which answers and then says nothing. */
  'preview sockets': () => {
    const to = `Cloche-Sandbox: ${sandbox}\r\nCloche-Port: 8000\r\n`
    return tcp('HTTP/1.1 101', `GET / HTTP/1.1\r\n${host}${auth}${to}${upgrade}\r\n`)
  },
  /** Sockets of one person that stay idle. */
  idle: () => line(key),
  /** Sockets with a key that is none. */
  refused: () => line('clk_wrong'),
  /** Sockets that look at a terminal that prints without end, and read nothing of it. */
  'slow readers': () => {
    const socket = line(key)
    socket.emit('open', { sandboxId: sandbox, cols: 80, rows: 24 }, (answer: { terminalId?: string }) => {
      socket.emit('input', answer.terminalId, Buffer.from('yes\n'))
    })
  },
}

const begin = kinds[kind]
if (begin === undefined) throw new Error(`there is no flood ${kind}`)
for (let made = 0; made < Number(count); made++) {
  begin()
  if (made % atOnce === 0) await sleep(10)
}
await sleep(Number(seconds) * 1000)
console.log(open)
process.exit(0)

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A line between a client and a server that a test can cut. */
export interface BreakableLine extends AsyncDisposable {
  readonly url: string
  /** Breaks every connection there is; new ones are taken. */
  cut(): void
  /** Whether new connections are taken. */
  open: boolean
}

/**
 * @param target such as `http://127.0.0.1:3000`
 * @param idleMs closes connections on which nothing has passed for so long, as proxies do
 */
export async function openProxy(target: string, idleMs = 0): Promise<BreakableLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    if (!state.open) return void client.destroy()
    const server = connect(Number(port), hostname)
    server.setTimeout(idleMs, () => server.destroy())
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.pipe(other)
      socket.on('error', () => other.destroy())
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const address = proxy.address()
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const state = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    ...{ open: true, cut },
    async [Symbol.asyncDispose]() {
      cut()
      proxy.close()
    },
  }
  return state
}

import { createServer, type IncomingMessage } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

/** What the server answers itself; everything else is a page. */
const ofServer = /^\/(api|socket\.io|healthz|readyz|metrics)(\/|\?|$)/
/** Previews are the server's, whatever their path. */
const ofPreview = /^\d+-[0-9a-z]{20}\./

/**
 * The one address of a development instance: calls and sockets go to the server, all else to Next.js, whose reloading
 * has a socket of its own.
 *
 * @param at where it listens
 */
export async function openFront(
  at: { readonly host: string; readonly port: number },
  serverPort: number,
  pagesPort: number,
): Promise<AsyncDisposable> {
  const proxy = createProxyServer({ xfwd: false })
  const target = ({ url = '/', headers }: IncomingMessage) =>
    `http://127.0.0.1:${ofServer.test(url) || ofPreview.test(headers.host ?? '') ? serverPort : pagesPort}`
  const front = createServer((request, response) => {
    proxy.web(request, response, { target: target(request) }, (error) => {
      if (response.headersSent) return void response.destroy()
      response.writeHead(503, { 'retry-after': '1', 'content-type': 'text/plain' })
      response.end(`It is being restarted (${error.message}). Try again in a second.\n`)
    })
  })
  front.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    proxy.ws(request, socket, head, { target: target(request) }, () => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => front.once('error', reject).listen(at.port, at.host, resolve))
  return {
    async [Symbol.asyncDispose]() {
      proxy.close()
      front.closeAllConnections()
      await new Promise((resolve) => front.close(resolve))
    },
  }
}

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { Server as SocketServer } from 'socket.io'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../testing/instance.js'
import { openFront } from './front.js'

const answering = async (words: string): Promise<[Server, number]> => {
  const server = createServer((request, response) => response.end(`${words} ${request.url}`))
  const port = await freePort()
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return [server, port]
}

let server: Server
let pages: Server
let sockets: SocketServer
let front: AsyncDisposable
let origin: string

beforeAll(async () => {
  const [one, serverPort] = await answering('server')
  const [other, pagesPort] = await answering('page')
  server = one
  pages = other
  sockets = new SocketServer(server, { transports: ['websocket'] })
  sockets.on('connection', (socket) => socket.on('say', (words, answer) => answer(`heard ${words}`)))
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  front = await openFront({ host: '127.0.0.1', port }, serverPort, pagesPort)
})
afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await sockets.close()
  pages.closeAllConnections()
  pages.close()
})

const read = async (path: string) => (await fetch(`${origin}${path}`)).text()

it('gives calls to the server, and all else to the pages', async () => {
  expect(await read('/api/v1/runs?limit=1')).toBe('server /api/v1/runs?limit=1')
  expect(await read('/readyz')).toBe('server /readyz')
  expect(await read('/apis')).toBe('page /apis')
  expect(await read('/sandboxes')).toBe('page /sandboxes')
})

it('carries sockets', async () => {
  const socket = io(origin, { transports: ['websocket'], forceNew: true })
  expect(await socket.timeout(10_000).emitWithAck('say', 'hello')).toBe('heard hello')
  socket.disconnect()
})

it('says that what does not answer is being restarted', async () => {
  pages.closeAllConnections()
  pages.close()
  await expect.poll(async () => (await fetch(`${origin}/`)).status).toBe(503)
  expect(await read('/')).toContain('being restarted')
  expect(await read('/api/x')).toBe('server /api/x')
})

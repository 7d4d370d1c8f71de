import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { piecesOf } from './body.js'

it('a connection whose body is not wanted to its end takes the next call', async () => {
  const server = createServer(async (call, answer) => {
    for await (const piece of piecesOf(call)) {
      if (piece.length > 0) break
    }
    answer.end(call.method)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (method: string, body?: Buffer) =>
    new Promise<string>((resolve, reject) => {
      const call = request({ port, host: '127.0.0.1', method, agent }, async (answer) => {
        let text = ''
        for await (const piece of answer) text += piece
        resolve(text)
      })
      call.on('error', reject)
      call.end(body)
    })
  try {
    for (const bytes of [1, 70_000, 200_000, 3_000_000]) {
      expect(await ask('PUT', Buffer.alloc(bytes))).toBe('PUT')
      expect(await ask('GET')).toBe('GET')
    }
  } finally {
    agent.destroy()
    server.close()
  }
})

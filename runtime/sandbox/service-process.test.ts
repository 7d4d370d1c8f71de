import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { endOf, lives } from './service-process.js'

describe('the end of a service', () => {
  const host = join(tmpdir(), `${newId('pr')}.sock`)
  let answer: (response: ServerResponse, request: IncomingMessage) => void
  const server = createServer((request, response) => answer(response, request))

  beforeAll(async () => {
    server.listen(host)
    await once(server, 'listening')
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  it('is not known while the process host is in trouble', async () => {
    answer = (response) => response.writeHead(500).end('{"code":"internal"}')
    const { signal } = new AbortController()
    const unavailable = { code: 'runtime_unavailable' }
    await expect(endOf(host, 'sb', 'pr', signal)).rejects.toMatchObject(unavailable)
    await expect(lives(host, 'sb', 'pr')).rejects.toMatchObject(unavailable)
    answer = (response) =>
      void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy())
    await expect(endOf(host, 'sb', 'pr', signal)).rejects.toMatchObject(unavailable)
    answer = (response) => response.writeHead(404).end()
    expect(await endOf(host, 'sb', 'pr', signal)).toBe('lost')
    expect(await lives(host, 'sb', 'pr')).toBe(false)
  })

  it('is not asked for any more when nobody waits for it', async () => {
    const stop = new AbortController()
    const asked = new Promise<IncomingMessage>((resolve) => {
      answer = (_, request) => resolve(request)
    })
    const end = endOf(host, 'sb', 'pr', stop.signal)
    const closed = once((await asked).socket, 'close')
    stop.abort()
    expect(await end).toBeUndefined()
    await closed
  })
})

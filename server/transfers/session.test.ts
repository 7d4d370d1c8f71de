import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { allowed } from '../outbound/address.js'
import { Outbound } from '../outbound/http.js'
import { RegistrySession } from './session.js'

describe('a session with a registry', () => {
  let server: Server
  let host: string
  /** The same server, for another origin. */
  let elsewhere: string
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  const asked: string[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.headers.host}${request.url}`)
      request.resume().on('end', () => answer(request, response))
    })
    server.listen(0, '0.0.0.0')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    ;[host, elsewhere] = [`127.0.0.1:${port}`, `127.0.0.2:${port}`]
  })
  beforeEach(() => void asked.splice(0))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const open = () => {
    const rules = { allow: allowed(['127.0.0.0/29']), plain: new Set([host, elsewhere]) }
    const remote = { host, repository: 'app', reference: '1' }
    const credential = { username: 'me', password: 'of-mine' }
    const { signal } = new AbortController()
    return new RegistrySession(new Outbound(rules), remote, credential, 'pull', signal)
  }
  const get = () => ({ method: 'GET' as const })

  it('refuses a challenge that is too long to be read, and reads one that is strangely written', async () => {
    answer = (_, response) =>
      void response.writeHead(401, { 'www-authenticate': `Bearer ${'a'.repeat(30_000)}` }).end()
    await expect(open().call('manifests/1', get, [200])).rejects.toThrow(
      /credentials in more than 2048 bytes/,
    )
    answer = (request, response) => {
      if (request.url?.startsWith('/token')) return void response.end('{"token":"a-token"}')
      if (request.headers.authorization === 'Bearer a-token') return void response.end()
      const challenge = `bearer realm = "http://${host}/token",\tservice="a=b, c" , error="x"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    expect((await open().call('manifests/1', get, [200])).status).toBe(200)
    expect(asked.find((one) => one.includes('/token'))).toContain('service=a%3Db%2C+c&scope=')
  })

  it('gives the password to no realm that is named where a redirect leads', async () => {
    answer = (request, response) => {
      if (request.headers.host === host) {
        return void response.writeHead(307, { location: `http://${elsewhere}${request.url}` }).end()
      }
      const challenge = `Bearer realm="http://${elsewhere}/token"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    await expect(open().call('manifests/1', get, [200])).rejects.toMatchObject({ status: 401 })
    expect(asked).toEqual([`GET ${host}/v2/app/manifests/1`, `GET ${elsewhere}/v2/app/manifests/1`])
  })

  it('does not send a stream again that was read, and has credentials for the next one', async () => {
    answer = ({ headers }, response) =>
      void response
        .writeHead(headers.authorization === undefined ? 401 : 201, { 'www-authenticate': 'Basic realm="x"' })
        .end()
    const session = open()
    const headers = { 'content-length': 3 }
    const put = () => ({ method: 'PUT' as const, headers, body: Readable.from(['abc']) })
    await expect(session.call('blobs/uploads/1', put, [201])).rejects.toThrow(
      /wanted credentials when a blob/,
    )
    expect((await session.call('blobs/uploads/1', put, [201])).status).toBe(201)
    expect(asked).toHaveLength(2)
  })
})

import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { RuntimeRefusal } from '../errors.js'
import { listen } from './server.js'

it('a node that is full says when to ask again', async () => {
  const socketPath = join(tmpdir(), `cloche-${process.pid}.sock`)
  const full = async () => {
    throw new RuntimeRefusal('node_full', 'full')
  }
  const routes = [{ method: 'PUT', path: /^\/sandboxes\/x$/, handle: full }]
  const server = await listen(routes, socketPath, 'nobody', pino({ level: 'silent' }))
  const answer = await new Promise<{ status: number | undefined; retryAfter: string | undefined }>(
    (resolve) => {
      request({ socketPath, method: 'PUT', path: '/sandboxes/x' }, (response) => {
        response.resume()
        resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] })
      }).end()
    },
  )
  server.close()
  expect(answer.status).toBe(503)
  expect(Number(answer.retryAfter)).toBeGreaterThan(0)
})

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../common/digest.js'
import { newId } from '../../protocol/api/index.js'
import { Cloche } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { file, image, manifestType, plainLayer } from '../../testing/images.js'
import { freePort, type Instance, openInstance } from '../../testing/instance.js'
import { type Database, openDatabase } from '../database/client.js'
import { TransferLog } from './log.js'

const built = image([plainLayer([file('one', '1')])], { Cmd: ['/bin/sh'] })
type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Never ends, and is never silent. */
function trickle(response: ServerResponse) {
  const timer = setInterval(() => response.write(' '), 200)
  response.once('close', () => clearInterval(timer))
  response.write(' ')
}
const trickling: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': manifestType })
  trickle(response)
}

describe('answers of another registry that do not end', { timeout: 60_000 }, () => {
  let instance: Instance
  let database: Database
  let owner: TestClient
  let cloche: Cloche
  let registry: Server
  let answer: Answer
  let host: string
  const sockets = new Set<Socket>()

  const until = async (isSo: () => boolean | Promise<boolean>) => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const row = (id: string) => database.prisma.imageTransfer.findUniqueOrThrow({ where: { id } })
  const ended = async (id: string) => {
    await until(async () => (await row(id)).status !== 'running')
    return row(id)
  }
  const calling = async () => {
    answer = trickling
    const { id } = await cloche.images.pull(`${host}/app:1`)
    await until(() => sockets.size > 0)
    return id
  }

  beforeAll(async () => {
    const port = await freePort()
    host = `127.0.0.1:${port}`
    instance = await openInstance('hans', {
      ...{ CLOCHE_REGISTRY_ALLOW: '127.0.0.1', CLOCHE_REGISTRY_HTTP: host },
    })
    database = openDatabase(`postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`)
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    const { key } = (await owner.call('POST', '/api/v1/keys', { name: 'transfers' })).body
    cloche = new Cloche({ url: instance.url, apiKey: key })
    registry = createServer((request, response) => {
      request.resume().on('end', () => answer(request, response))
    })
    registry.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => registry.listen(port, '127.0.0.1', resolve))
  }, 300_000)
  afterAll(async () => {
    registry.closeAllConnections()
    registry.close()
    await database[Symbol.asyncDispose]()
    await instance[Symbol.asyncDispose]()
  })

  it('are not waited for by a push, and their connections end with it', async () => {
    answer = ({ url = '' }, response) => {
      const content = built.blobs.get(url.split('/').at(-1) ?? '')
      const manifest = built.blobs.get(String(built.manifest.digest))
      if (url.includes('/manifests/')) response.writeHead(200, { 'content-type': manifestType }).end(manifest)
      else response.end(content)
    }
    const pulled = await ended((await cloche.images.pull(`${host}/app:1`, { image: 'app:1' })).id)
    expect(pulled).toMatchObject({ status: 'succeeded', error: null })
    answer = ({ method }, response) => {
      if (method === 'HEAD') return void response.writeHead(404).end()
      if (method === 'POST') response.writeHead(202, { location: '/v2/app/blobs/uploads/1' })
      else response.writeHead(201)
      trickle(response)
    }
    const { id } = await cloche.images.push('app:1', `${host}/app:2`)
    expect(await ended(id)).toMatchObject({ status: 'succeeded' })
    await until(() => sockets.size === 0)
  })

  it('are ended when the transfer was deleted, and when another server took it for dead', async () => {
    const deleted = await calling()
    await database.prisma.imageTransfer.delete({ where: { id: deleted } })
    await until(() => sockets.size === 0)
    const dead = await calling()
    const data = { status: 'failed', error: 'its server was stopped' }
    await database.prisma.imageTransfer.update({ where: { id: dead }, data })
    await until(() => sockets.size === 0)
    expect(await row(dead)).toMatchObject(data)
    expect(await database.prisma.imageTransferEvent.count({ where: { transferId: dead } })).toBe(0)
  })

  it('are ended when the key or the person that began it may not transfer images any more', async () => {
    answer = trickling
    const more = (await owner.call('POST', '/api/v1/keys', { name: 'for a while' })).body
    const ofKey = TestClient.withKey(instance.url, more.key)
    const person = await TestClient.signUp(instance.url, 'person@example.org')
    const from = `${host}/app:1`
    const [one, two] = await Promise.all(
      [ofKey, person].map(async (who) => (await who.call('POST', '/api/v1/images/pull', { from })).body.id),
    )
    await until(() => sockets.size === 2)
    await owner.call('DELETE', `/api/v1/keys/${more.id}`)
    await database.prisma.member.updateMany({
      where: { user: { email: 'person@example.org' } },
      data: { role: 'student' },
    })
    for (const id of [one, two]) {
      const error = 'whoever began it may not transfer images any more'
      expect(await ended(id)).toMatchObject({ status: 'failed', error })
    }
    await until(() => sockets.size === 0)
  })

  it('hold no more places than a server has, when many are begun at once', async () => {
    answer = trickling
    const keys = Array.from({ length: 9 }, () => ({
      tenantId: newId('tn'),
      key: `ck_${randomBytes(24).toString('hex')}`,
    }))
    for (const { tenantId, key } of keys) {
      await database.prisma.tenant.create({ data: { id: tenantId, name: tenantId } })
      await database.prisma.apiKey.create({
        data: { id: newId('ky'), tenantId, name: 'one', start: key.slice(0, 6), hash: sha256(key) },
      })
    }
    const clients = keys.map(({ key }) => TestClient.withKey(instance.url, key))
    const from = `${host}/app:1`
    const answers = await Promise.all(
      [...clients, ...clients].map((who) => who.call('POST', '/api/v1/images/pull', { from })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(16)
    const refused = answers.filter(({ status }) => status === 409)
    expect(refused.map(({ body }) => body.detail)).toEqual(Array(2).fill('too many images are transferred'))
    await database.prisma.tenant.deleteMany({ where: { id: { in: keys.map((one) => one.tenantId) } } })
    await until(() => sockets.size === 0)
    // The places are free again.
    expect(await ended((await cloche.images.pull('10.0.0.1/app:1')).id)).toMatchObject({ status: 'failed' })
  })

  it('are told of in so many events and no more', async () => {
    const { id } = await cloche.images.pull('10.0.0.1/app:1')
    await ended(id)
    await database.prisma.imageTransferEvent.deleteMany({ where: { transferId: id } })
    const log = new TransferLog(database, id)
    const told = { type: 'blob', sizeBytes: 1, doneBytes: 0, reason: 'again' } as const
    const digest = `sha256:${'a'.repeat(64)}`
    for (let i = 0; i < 50; i++) log.push({ ...told, digest, state: 'retrying' })
    await log.flush()
    const count = () => database.prisma.imageTransferEvent.count({ where: { transferId: id } })
    expect(await count()).toBe(1)
    for (let i = 0; i < 2100; i++) log.push({ ...told, digest, state: 'started' })
    await log.flush()
    expect(await count()).toBe(2000)
  })
})

import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyLimits } from '../../protocol/api/index.js'
import { Cloche } from '../../sdk/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { limitsOf } from '../auth/key-limits.js'
import { defaultsWithin } from '../auth/within-limits.js'

const small = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const boxes = '/api/v1/sandboxes'
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

describe('limits of an API key', () => {
  let instance: Instance
  let owner: TestClient
  let other: AnotherServer
  let database: pg.Client

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'owner-of-keys@example.org')
    other = await AnotherServer.start(instance, {})
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
  })
  afterAll(async () => {
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  const keyWith = async (limits: KeyLimits, name = 'limited') => {
    const { status, body } = await owner.call('POST', '/api/v1/keys', { name, limits })
    expect(status).toBe(201)
    return { id: String(body.id), token: String(body.key), key: TestClient.withKey(instance.url, body.key) }
  }
  const make = (who: TestClient, wanted: object = {}) =>
    who.call('POST', boxes, { network: 'none', limits: small, ...wanted })
  const made = async (who: TestClient, wanted: object = {}) => {
    const { status, body } = await make(who, wanted)
    expect(status, JSON.stringify(body)).toBe(201)
    return body
  }
  const remove = (id: string) => owner.call('DELETE', `${boxes}/${id}`)
  const refused = (part: string, code = 'forbidden') => ({
    status: code === 'forbidden' ? 403 : 422,
    body: { code, detail: expect.stringMatching(new RegExp(`^${part}: .*owner or admin`)) },
  })

  it('are told to whoever has the key, listed, and written into the audit log', async () => {
    const limits: KeyLimits = { sandboxes: 2, network: { allow: ['example.org'] } }
    const { id, key } = await keyWith(limits, 'told')
    expect((await key.call('GET', '/api/v1/me')).body.key).toEqual({ id, limits })
    expect((await owner.call('GET', '/api/v1/me')).body.key).toBeNull()
    const { keys } = (await owner.call('GET', '/api/v1/keys')).body
    expect(keys).toContainEqual(expect.objectContaining({ id, limits, madeBy: null }))
    const box = await made(key)
    await key.call('POST', `${boxes}/${box.id}/pause`)
    const { items } = (await owner.call('GET', `/api/v1/audit?target=${box.id}`)).body
    expect(items).toHaveLength(2)
    for (const entry of items) expect(entry).toMatchObject({ actor: 'key told', detail: { key: id } })
    await remove(box.id)
  })

  it('that make no sense are refused by field', async () => {
    for (const [limits, path] of [
      [{ templates: [] }, '/limits/templates'],
      [{ sandboxes: 0 }, '/limits/sandboxes'],
      [{ network: { allow: ['10.0.0.1'] } }, '/limits/network'],
      [{ unknown: 1 }, '/limits'],
    ] as const) {
      const { status, body } = await owner.call('POST', '/api/v1/keys', { name: 'x', limits })
      expect(status).toBe(400)
      expect(body.errors.map((one: { path: string }) => one.path).join()).toContain(path)
    }
  })

  it('bound the template, the network, the sizes and the lifetime of what is made', async () => {
    const { key } = await keyWith({
      ...{ templates: ['base'], network: { allow: ['a.example', 'b.example'] }, ttlSeconds: 600 },
      ...{ cpus: 0.5, memoryMiB: 128, diskMiB: 128 },
    })
    expect(await make(key, { template: 'code' })).toMatchObject(refused('templates'))
    for (const network of ['internet', { allow: ['a.example', 'c.example'] }]) {
      expect(await make(key, { network })).toMatchObject(refused('network'))
    }
    expect(await make(key, { limits: { ...small, cpus: 1 } })).toMatchObject(refused('cpus'))
    expect(await make(key, { limits: { ...small, memoryMiB: 100, swapMiB: 100 } })).toMatchObject(
      refused('memoryMiB'),
    )
    expect(await make(key, { limits: { ...small, diskMiB: 129 } })).toMatchObject(refused('diskMiB'))
    expect(await make(key, { ttlSeconds: 601 })).toMatchObject(refused('ttlSeconds'))
    // What nobody asks for is as much as the key allows.
    const box = await made(key, { limits: { pids: 64 }, network: { allow: ['b.example'] } })
    expect(box.ttlSeconds).toBe(600)
    expect(box.limits.cpus).toBeLessThanOrEqual(0.5)
    expect(box.limits.memoryMiB).toBeLessThanOrEqual(128)
    expect(box.limits.diskMiB).toBeLessThanOrEqual(128)
    const change = (wanted: object) => key.call('PATCH', `${boxes}/${box.id}`, wanted)
    expect(await change({ network: 'internet' })).toMatchObject(refused('network'))
    expect(await change({ ttlSeconds: null })).toMatchObject(refused('ttlSeconds'))
    expect(await change({ ttlSeconds: 601 })).toMatchObject(refused('ttlSeconds'))
    expect(await change({ limits: { memoryMiB: 129 } })).toMatchObject(refused('memoryMiB'))
    expect(await change({ network: 'none', ttlSeconds: 60 })).toMatchObject({ status: 200 })
    await remove(box.id)
  })

  it('hold for forks and for what is made from snapshots', async () => {
    const large = await made(owner, { limits: { ...small, memoryMiB: 96 } })
    const { body: snapshot } = await owner.call('POST', `${boxes}/${large.id}/snapshots`, {})
    const { key } = await keyWith({ memoryMiB: 64, sandboxes: 2 })
    expect(await key.call('POST', `${boxes}/${large.id}/fork`, {})).toMatchObject(refused('memoryMiB'))
    const from = await made(key, { snapshot: snapshot.id, limits: {} })
    expect(from.limits.memoryMiB).toBe(64)
    // Three are one too many, and then there is none.
    expect(await key.call('POST', `${boxes}/${from.id}/fork`, { count: 2 })).toMatchObject(
      refused('sandboxes', 'quota_exceeded'),
    )
    const forked = await key.call('POST', `${boxes}/${from.id}/fork`, {})
    expect(forked.status).toBe(201)
    const other = await keyWith({ templates: ['code'] })
    expect(await make(other.key, { snapshot: snapshot.id })).toMatchObject(refused('templates'))
    const restored = await other.key.call('POST', `${boxes}/${from.id}/restore`, { snapshot: snapshot.id })
    expect(restored).toMatchObject(refused('templates'))
    for (const one of (await owner.call('GET', boxes)).body.items) await remove(one.id)
  })

  it('count what a key has made at all servers, of which only so many exist at once', async () => {
    const { key, token, id } = await keyWith({ sandboxes: 3 })
    const there = TestClient.withKey(other.url, token)
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => make(at % 2 ? key : there)))
    const fine = answers.filter(({ status }) => status === 201)
    expect(fine).toHaveLength(3)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(answer).toMatchObject(refused('sandboxes', 'quota_exceeded'))
    }
    const { rows } = await database.query(
      'SELECT count(*)::INTEGER AS count FROM sandbox WHERE "keyId" = $1 AND "deletedAt" IS NULL',
      [id],
    )
    expect(rows[0].count).toBe(3)
    // Others make theirs, and a place is free when one is deleted.
    const theirs = await made(owner)
    await remove(fine[0]?.body.id)
    const again = await made(there)
    expect((await make(key)).status).toBe(422)
    for (const one of [theirs, again, ...fine.slice(1).map(({ body }) => body)]) await remove(one.id)
  })

  it('hold for runs: template, network, sizes, time and how many are under way', async () => {
    const { key, token } = await keyWith({
      ...{ templates: ['base'], network: 'none', memoryMiB: 128, ttlSeconds: 60, sandboxes: 1 },
    })
    const run = (wanted: object, who = key) => who.call('POST', '/api/v1/runs', wanted)
    expect(await run({ command: 'true', network: 'internet' })).toMatchObject(refused('network'))
    const another = await keyWith({ templates: ['code'] })
    expect(await run({ command: 'true' }, another.key)).toMatchObject(refused('templates'))
    expect(await run({ command: 'true', limits: { memoryMiB: 256 } })).toMatchObject({ status: 422 })
    expect(await run({ command: 'true', limits: { wallMs: 61_000 } })).toMatchObject(refused('ttlSeconds'))
    expect(await run({ command: 'true', callbackUrl: 'https://example.org/' })).toMatchObject({ status: 403 })
    const ended = await run({ command: 'echo fine', wait: true })
    expect(ended.body).toMatchObject({ status: 'ok' })
    const slow = { command: 'sleep 50', limits: { wallMs: 55_000 } }
    const several = await Promise.all(
      Array.from({ length: 4 }, (_, at) => run(slow, at % 2 ? key : TestClient.withKey(other.url, token))),
    )
    const under = several.filter(({ status }) => status < 300)
    expect(under).toHaveLength(1)
    expect(several.find(({ status }) => status >= 300)).toMatchObject(refused('sandboxes', 'quota_exceeded'))
    await key.call('DELETE', `/api/v1/runs/${under[0]?.body.id}`)
  })

  it('leave to a key what it has made, and nothing that another one has', async () => {
    const [one, two] = [await keyWith({ ownOnly: true }), await keyWith({ ownOnly: true })]
    const headers = { 'idempotency-key': 'the same word' }
    const wanted = { network: 'none', limits: small, name: 'of one' }
    const first = (await one.key.call('POST', boxes, wanted, headers)).body
    expect((await one.key.call('POST', boxes, wanted, headers)).body.id).toBe(first.id)
    // The name is taken, and it is not told by what.
    const taken = await two.key.call('POST', boxes, wanted, headers)
    expect(taken.status).toBe(409)
    expect(JSON.stringify(taken.body)).not.toContain(first.id)
    const list = async (who: TestClient, path = boxes) =>
      (await who.call('GET', path)).body.items.map(({ id }: { id: string }) => id)
    expect([await list(one.key), await list(two.key)]).toEqual([[first.id], []])
    expect(await two.key.call('GET', `${boxes}/${first.id}`)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('ownOnly') },
    })
    const { body: snapshot } = await one.key.call('POST', `${boxes}/${first.id}/snapshots`, {})
    const { body: ran } = await one.key.call('POST', '/api/v1/runs', { command: 'true', wait: true })
    expect(await list(one.key, '/api/v1/snapshots')).toEqual([snapshot.id])
    expect(await list(two.key, '/api/v1/snapshots')).toEqual([])
    expect(await list(two.key, '/api/v1/runs')).toEqual([])
    expect((await two.key.call('GET', `/api/v1/runs/${ran.id}`)).status).toBe(404)
    expect((await make(two.key, { snapshot: snapshot.id })).status).toBe(404)
    const port = { 'cloche-sandbox': first.id, 'cloche-port': '8000' }
    expect((await two.key.call('GET', '/', undefined, port)).status).toBe(404)
    // The owner sees it, and so does a key without limits.
    expect(await list(owner)).toContain(first.id)
    await remove(first.id)
  })

  it('close what a key has signed, when it may only read', async () => {
    const reader = await keyWith({ readOnly: true })
    const box = await made(owner)
    await owner.call('PUT', `${boxes}/${box.id}/files?path=a`, 'text')
    expect((await reader.key.call('GET', `${boxes}/${box.id}/files?path=a`)).body).toBe('text')
    for (const [method, path, body] of [
      ['PUT', 'files?path=a', 'more'],
      ['POST', 'exec', { command: 'true' }],
      ['POST', 'files/sign', { path: 'a', method: 'GET' }],
      ['POST', 'terminals', {}],
    ] as const) {
      const answer = await reader.key.call(method, `${boxes}/${box.id}/${path}`, body)
      expect(answer, path).toMatchObject({ status: 403, body: { detail: expect.stringMatching(/readOnly/) } })
    }
    const port = { 'cloche-sandbox': box.id, 'cloche-port': '8000' }
    expect((await reader.key.call('GET', '/', undefined, port)).status).toBe(403)
    await remove(box.id)
  })

  it('are those of every key that a key makes, and such keys make none', async () => {
    const { body: parent } = await owner.call('POST', '/api/v1/keys', { name: 'parent', expiresInDays: 2 })
    const program = TestClient.withKey(instance.url, parent.key)
    const create = (body: object, who = program) => who.call('POST', '/api/v1/keys', body)
    expect((await create({ name: 'free' })).status).toBe(403)
    const child = (await create({ name: 'child', limits: { ownOnly: true }, expiresInDays: 30 })).body
    expect(child).toMatchObject({ madeBy: parent.id, limits: { ownOnly: true }, expiresAt: parent.expiresAt })
    const agent = TestClient.withKey(instance.url, child.key)
    for (const limits of [undefined, { ownOnly: true }]) {
      expect((await create({ name: 'more', ...(limits && { limits }) }, agent)).status).toBe(403)
    }
    expect((await agent.call('DELETE', `/api/v1/keys/${child.id}`)).status).toBe(403)
    // It manages those that it made, and no others.
    const ids = (await program.call('GET', '/api/v1/keys')).body.keys.map((one: { id: string }) => one.id)
    expect(ids).toEqual([child.id])
    const { id: foreign } = await keyWith({})
    expect((await program.call('DELETE', `/api/v1/keys/${foreign}`)).status).toBe(404)
    expect((await program.call('DELETE', `/api/v1/keys/${parent.id}`)).status).toBe(404)
    expect((await agent.call('GET', '/api/v1/me')).status).toBe(200)
    await owner.call('DELETE', `/api/v1/keys/${parent.id}`)
    expect((await agent.call('GET', '/api/v1/me')).status).toBe(401)
  })

  it('are told to an agent, which gets as much network as its key allows', async () => {
    const { key } = await keyWith({ network: 'none', sandboxes: 1, ownOnly: true })
    const ask = async (method: string, params: object) => {
      const { body } = await key.call('POST', '/mcp', { jsonrpc: '2.0', id: 1, method, params })
      return body.result
    }
    const { instructions } = await ask('initialize', { protocolVersion: '2025-06-18' })
    expect(instructions).toMatch(
      /Limits of your key.*only the sandboxes.*at most 1 sandboxes.*network at most: none/,
    )
    const made = await ask('tools/call', { name: 'create_sandbox', arguments: {} })
    expect(made.content[0].text).toMatch(/^created sb_.*network none/)
    const more = await ask('tools/call', { name: 'create_sandbox', arguments: {} })
    expect(more).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^quota_exceeded: sandboxes/) }],
    })
    const free = await ask('tools/call', { name: 'create_sandbox', arguments: { network: 'internet' } })
    expect(free).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^forbidden: network/) }],
    })
    for (const one of (await owner.call('GET', boxes)).body.items) await remove(one.id)
  })

  it('are used as docs/reference/api-keys.md shows', async () => {
    const { body } = await owner.call('POST', '/api/v1/keys', { name: 'docs' })
    const cloche = new Cloche({ url: instance.url, apiKey: body.key })
    const page = await readFile('docs/reference/api-keys.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(1)
    const told: string[] = []
    const log = (text: string) => void told.push(text.trim())
    const process = { env: { CLOCHE_URL: instance.url } }
    await new AsyncFunction('cloche', 'Cloche', 'process', 'console', blocks.join('\n'))(
      cloche,
      Cloche,
      process,
      { log },
    )
    expect(told).toEqual(['bounded'])
    for (const one of (await owner.call('GET', boxes)).body.items) await remove(one.id)
  })

  it('that this version cannot read leave next to nothing', async () => {
    const { id, key } = await keyWith({ sandboxes: 1 })
    await database.query(`UPDATE api_key SET limits = '{"ofALaterVersion": 1}' WHERE id = $1`, [id])
    const limits = { readOnly: true, ownOnly: true }
    // What was believed of the key is looked up again after some seconds.
    await expect
      .poll(async () => (await key.call('GET', '/api/v1/me')).body.key.limits, { timeout: 20_000 })
      .toEqual(limits)
    expect((await make(key)).status).toBe(403)
    expect(limitsOf({ ofALaterVersion: 1 })).toEqual(limits)
    expect(limitsOf(null)).toBeNull()
  })
})

it('sizes that nobody asks for are lowered with their swap', () => {
  const who = { keyLimits: { cpus: 1, memoryMiB: 512 } }
  const defaults = { cpus: 2, memoryMiB: 256, swapMiB: 1024, diskMiB: 100, pids: 9 }
  expect(defaultsWithin(who, defaults)).toEqual({ ...defaults, cpus: 1, swapMiB: 256 })
  expect(defaultsWithin({ keyLimits: null }, defaults)).toEqual(defaults)
})

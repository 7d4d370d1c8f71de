import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ClientToServer, ServerToClient, SocketAck, SocketAttached } from '../../protocol/api/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

type Line = Socket<ServerToClient, ClientToServer>
const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const password = 'correct horse battery'

describe('what is shared', () => {
  let instance: Instance
  let owner: TestClient
  let other: AnotherServer
  /** The owner, at another server than the guests. */
  let ownerThere: TestClient
  let database: pg.Client
  let people = 0
  let sandbox: string
  const lines: Line[] = []

  const person = () => TestClient.signUp(instance.url, `someone${++people}@example.org`, password)
  const share = async (wanted: object) =>
    (await owner.call('POST', `/api/v1/sandboxes/${sandbox}/shares`, wanted)).body
  const secretOf = (shared: { url: string }) => new URL(shared.url).hash.slice(1)
  /** Somebody new who came by a link of this level. */
  const guest = async (wanted: object) => {
    const [client, shared] = [await person(), await share(wanted)]
    await client.call('POST', '/api/v1/shares/accept', { secret: secretOf(shared) })
    return { client, shareId: String(shared.id) }
  }
  const terminal = async () =>
    String((await owner.call('POST', `/api/v1/sandboxes/${sandbox}/terminals`, {})).body.id)
  const connect = ({ extraHeaders }: TestClient) =>
    new Promise<Line>((resolve, reject) => {
      const line: Line = io(`${instance.url}/terminals`, {
        ...{ transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders },
      })
      lines.push(line)
      line.once('connect', () => resolve(line)).once('connect_error', reject)
    })
  const open = (line: Line, terminalId: string) =>
    new Promise<SocketAck<SocketAttached>>((resolve) =>
      line.emit('open', { sandboxId: sandbox, terminalId, cols: 80, rows: 24 }, resolve),
    )
  const detached = (line: Line) =>
    new Promise<string>((resolve) => line.once('detached', (id) => resolve(id)))

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await person()
    other = await AnotherServer.start(instance, {})
    ownerThere = TestClient.withKey(
      other.url,
      (await owner.call('POST', '/api/v1/keys', { name: 'there' })).body.key,
    )
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
  })
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    sandbox = String((await owner.call('POST', '/api/v1/sandboxes', { limits, network: 'none' })).body.id)
    return () => owner.call('DELETE', `/api/v1/sandboxes/${sandbox}`)
  })

  it('is found by whom it is shared with, and nothing else of the tenant is', async () => {
    const other = (await owner.call('POST', '/api/v1/sandboxes', { limits, metadata: { a: 'b' } })).body
    const { client } = await guest({ level: 'look' })
    const { body: received } = await client.call('GET', '/api/v1/shares')
    expect(received.shares).toMatchObject([{ sandboxId: sandbox, level: 'look' }])
    const { body: seen } = await client.call('GET', `/api/v1/sandboxes/${sandbox}`)
    expect(seen).toMatchObject({ id: sandbox, access: 'look', metadata: {}, createdBy: null })
    expect((await client.call('GET', `/api/v1/sandboxes/${other.id}`)).status).toBe(404)
    expect((await client.call('GET', '/api/v1/sandboxes')).body.items).toEqual([])
    await owner.call('DELETE', `/api/v1/sandboxes/${other.id}`)
  })

  it('is what the strongest share says', async () => {
    const { client } = await guest({ level: 'look' })
    const path = `/api/v1/sandboxes/${sandbox}/exec`
    const refused = await client.call('POST', path, { command: 'true' })
    expect(refused).toMatchObject({ status: 403, body: { detail: expect.stringContaining('not type') } })
    const more = await share({ level: 'type' })
    await client.call('POST', '/api/v1/shares/accept', { secret: secretOf(more) })
    expect((await client.call('POST', path, { command: 'true' })).status).toBe(200)
    await owner.call('DELETE', `/api/v1/shares/${more.id}`)
    expect((await client.call('POST', path, { command: 'true' })).status).toBe(403)
  })

  it('is changed, also for what is open, and not when it is over', async () => {
    const { client, shareId } = await guest({ level: 'type' })
    const path = `/api/v1/sandboxes/${sandbox}/exec`
    const [line, id] = [await connect(client), await terminal()]
    expect(await open(line, id)).toMatchObject({ ok: true, mayType: true })
    let output = ''
    line.on('output', (_id, _seq, bytes) => {
      output += Buffer.from(bytes).toString()
    })
    const before = Date.parse((await owner.call('GET', '/healthz')).headers.get('date') ?? '')
    const changed = await ownerThere.call('PATCH', `/api/v1/shares/${shareId}`, {
      ...{ level: 'look', expiresInSeconds: 600 },
    })
    expect(changed).toMatchObject({ status: 200, body: { id: shareId, level: 'look' } })
    expect(Math.abs(Date.parse(changed.body.expiresAt) - before - 600_000)).toBeLessThan(60_000)
    expect((await client.call('POST', path, { command: 'true' })).status).toBe(403)
    line.emit('input', id, new TextEncoder().encode('echo typed-by-guest\n'))
    await owner.call('POST', path, { command: 'sleep 1' })
    expect(output).not.toContain('typed-by-guest')
    await owner.call('PATCH', `/api/v1/shares/${shareId}`, { level: 'type' })
    expect((await client.call('POST', path, { command: 'true' })).status).toBe(200)
    line.emit('input', id, new TextEncoder().encode('echo typed-by-guest\n'))
    await expect.poll(() => output).toContain('typed-by-guest')
    expect((await owner.call('PATCH', `/api/v1/shares/${shareId}`, {})).status).toBe(400)
    await database.query(`UPDATE share SET "expiresAt" = now() AT TIME ZONE 'UTC' WHERE id = '${shareId}'`)
    const late = await owner.call('PATCH', `/api/v1/shares/${shareId}`, { expiresInSeconds: 600 })
    expect(late.status).toBe(404)
  })

  it('is left by a guest, who is cut off by that as well', async () => {
    const { client } = await guest({ level: 'type' })
    const more = await share({ level: 'look' })
    await client.call('POST', '/api/v1/shares/accept', { secret: secretOf(more) })
    const [line, id] = [await connect(client), await terminal()]
    expect(await open(line, id)).toMatchObject({ ok: true })
    const cut = detached(line)
    expect((await client.call('POST', '/api/v1/shares/leave', { sandboxId: sandbox })).status).toBe(204)
    expect(await cut).toBe(id)
    expect((await client.call('GET', `/api/v1/sandboxes/${sandbox}`)).status).toBe(404)
    expect((await client.call('GET', '/api/v1/shares')).body.shares).toEqual([])
    expect((await client.call('POST', '/api/v1/shares/leave', { sandboxId: sandbox })).status).toBe(404)
    // Whoever has the link still can come back.
    await client.call('POST', '/api/v1/shares/accept', { secret: secretOf(more) })
    expect((await client.call('GET', `/api/v1/sandboxes/${sandbox}`)).body.access).toBe('look')
  })

  it('goes to a member by e-mail, and to nobody else', async () => {
    const [email, member] = [`someone${people + 1}@example.org`, await person()]
    expect(await share({ member: email })).toMatchObject({ code: 'not_found' })
    const invited = (await owner.call('POST', '/api/v1/invitations', { email })).body
    await member.call('POST', '/api/v1/invitations/accept', { secret: secretOf(invited) })
    const own = (await member.call('GET', '/api/v1/me')).body.tenants.find(
      (one: { role: string }) => one.role === 'owner',
    )
    // In their own tenant, they come by the share.
    await member.call('POST', `/api/v1/tenants/${own.id}/activate`, {})
    expect((await member.call('GET', `/api/v1/sandboxes/${sandbox}`)).status).toBe(404)
    expect(await share({ member: email, level: 'type' })).toMatchObject({ kind: 'member', url: null })
    expect((await member.call('GET', `/api/v1/sandboxes/${sandbox}`)).body.access).toBe('type')
    // It ends with the membership.
    const { body } = await owner.call('GET', '/api/v1/members')
    const { userId } = body.members.find((one: { email: string }) => one.email === email)
    await owner.call('DELETE', `/api/v1/members/${userId}`)
    expect((await member.call('GET', `/api/v1/sandboxes/${sandbox}`)).status).toBe(404)
  })

  it.each(['look', 'type'] as const)(
    'ends at once, by another server, for who has a terminal open to %s',
    async (level) => {
      const { client, shareId } = await guest({ level })
      const [line, id] = [await connect(client), await terminal()]
      expect(await open(line, id)).toMatchObject({ ok: true, mayType: level === 'type' })
      const ended = detached(line)
      await ownerThere.call('DELETE', `/api/v1/shares/${shareId}`)
      expect(await ended).toBe(id)
      expect(await open(line, id)).toMatchObject({ ok: false, error: { code: 'not_found' } })
    },
  )

  it('ends with the membership of whoever made it, and with the key that made it', async () => {
    const [email, member] = [`someone${people + 1}@example.org`, await person()]
    const invited = (await owner.call('POST', '/api/v1/invitations', { email })).body
    await member.call('POST', '/api/v1/invitations/accept', { secret: secretOf(invited) })
    const { body: key } = await owner.call('POST', '/api/v1/keys', { name: 'sharing' })
    const client = await person()
    for (const [by, end] of [
      [
        member,
        async () =>
          owner.call('DELETE', `/api/v1/members/${(await member.call('GET', '/api/v1/me')).body.user.id}`),
      ],
      [TestClient.withKey(instance.url, key.key), () => owner.call('DELETE', `/api/v1/keys/${key.id}`)],
    ] as const) {
      const { body: shared } = await by.call('POST', `/api/v1/sandboxes/${sandbox}/shares`, { level: 'type' })
      await client.call('POST', '/api/v1/shares/accept', { secret: secretOf(shared) })
      const line = await connect(client)
      const terminalId = await terminal()
      expect(await open(line, terminalId)).toMatchObject({ ok: true })
      const cut = detached(line)
      await end()
      expect(await cut).toBe(terminalId)
      expect((await client.call('GET', `/api/v1/sandboxes/${sandbox}`)).status).toBe(404)
      expect((await client.call('POST', '/api/v1/shares/accept', { secret: secretOf(shared) })).status).toBe(
        404,
      )
    }
  })

  it('ends no later than the key that made it', async () => {
    const { body: key } = await owner.call('POST', '/api/v1/keys', { name: 'for a day', expiresInDays: 1 })
    const by = TestClient.withKey(instance.url, key.key)
    const longer = async (id: string) =>
      (await owner.call('PATCH', `/api/v1/shares/${id}`, { expiresInSeconds: 7 * 86_400 })).body.expiresAt
    const share = async (expiresInSeconds: number) =>
      (await by.call('POST', `/api/v1/sandboxes/${sandbox}/shares`, { expiresInSeconds })).body.expiresAt
    expect(await share(7 * 86_400)).toBe(key.expiresAt)
    expect(Date.parse(await share(600))).toBeLessThan(Date.parse(key.expiresAt))
    const { shares } = (await owner.call('GET', `/api/v1/sandboxes/${sandbox}/shares`)).body
    expect(await longer(shares[0].id)).toBe(key.expiresAt)
  })

  it('ends when it expires, by itself', async () => {
    const { client, shareId } = await guest({ level: 'type' })
    await database.query(
      `UPDATE share SET "expiresAt" = now() AT TIME ZONE 'UTC' + interval '2 seconds' WHERE id = '${shareId}'`,
    )
    const [line, id] = [await connect(client), await terminal()]
    expect(await open(line, id)).toMatchObject({ ok: true })
    expect(await detached(line)).toBe(id)
    expect((await client.call('GET', `/api/v1/sandboxes/${sandbox}`)).status).toBe(404)
  })

  it('ends what is being sent: changes of files, and a language server', async () => {
    const { client, shareId } = await guest({ level: 'type' })
    const path = `${instance.url}/api/v1/sandboxes/${sandbox}`
    const watching = await fetch(`${path}/files/watch?path=.`, { headers: client.extraHeaders })
    expect(watching.status).toBe(200)
    const rest = watching.text().then(
      () => 'ended',
      () => 'ended',
    )
    const socket = new WebSocket(`${path.replace('http', 'ws')}/lsp?language=python`, {
      headers: client.extraHeaders,
    })
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    await ownerThere.call('DELETE', `/api/v1/shares/${shareId}`)
    expect(await rest).toBe('ended')
    expect(await closed).toBeGreaterThan(1000)
  })

  it('is bounded, and its links end with the sandbox', async () => {
    const shared = await share({ level: 'type' })
    const { client } = await guest({ level: 'look' })
    await owner.call('DELETE', `/api/v1/sandboxes/${sandbox}`)
    expect((await client.call('GET', '/api/v1/shares')).body.shares).toEqual([])
    const preview = await client.call('POST', '/api/v1/shares/preview', { secret: secretOf(shared) })
    expect(preview.status).toBe(404)
    sandbox = String((await owner.call('POST', '/api/v1/sandboxes', { limits })).body.id)
    const all = await Promise.all(Array.from({ length: 52 }, () => share({ level: 'look' })))
    expect(all.filter((one) => one.code === 'conflict')).toHaveLength(2)
  })

  it('is written down in the log of the tenant that it is of', async () => {
    const { client } = await guest({ level: 'type' })
    await client.call('POST', `/api/v1/sandboxes/${sandbox}/exec`, { command: 'echo by-a-guest' })
    const { body } = await owner.call('GET', `/api/v1/audit?target=${sandbox}`)
    const by = `someone${people}@example.org`
    expect(body.items).toContainEqual(
      expect.objectContaining({
        ...{ actor: by, action: 'exec.start', detail: { command: 'echo by-a-guest', user: 'user' } },
      }),
    )
    expect(body.items).toContainEqual(expect.objectContaining({ actor: by, action: 'share.accept' }))
    expect((await client.call('GET', '/api/v1/audit')).body.items).not.toContainEqual(
      expect.objectContaining({ target: sandbox }),
    )
  })
})

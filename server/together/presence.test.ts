import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientToServer, Present, ServerToClient, SocketAck } from '../../protocol/api/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

type Line = Socket<ServerToClient, ClientToServer>
const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('who is in a workspace', () => {
  let instance: Instance
  let other: AnotherServer
  let owner: TestClient
  let key: string
  let sandboxId: string
  const lines: Line[] = []

  /** A window, at one of the servers. */
  const window = async (url: string, how: object) => {
    const line: Line = io(`${url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false, ...how },
    })
    lines.push(line)
    await new Promise<void>((resolve, reject) => line.once('connect', resolve).once('connect_error', reject))
    const seen: { people: readonly Present[] } = { people: [] }
    line.on('people', (id, people) => {
      if (id === sandboxId) seen.people = people
    })
    const enter = (files: string[]) =>
      new Promise<SocketAck<{ id: string }>>((resolve) => line.emit('enter', { sandboxId, files }, resolve))
    const sees = (what: object[]) =>
      expect
        .poll(() => seen.people, { timeout: 5000 })
        .toEqual(what.map((one) => expect.objectContaining(one)))
    return { line, enter, sees }
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'ann@example.org', 'correct horse battery')
    other = await AnotherServer.start(instance, {})
    key = String((await owner.call('POST', '/api/v1/keys', { name: 'robot' })).body.key)
    sandboxId = String((await owner.call('POST', '/api/v1/sandboxes', { limits, network: 'none' })).body.id)
  })
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('is told to everybody there, at every server, with the files that are shown', async () => {
    const one = await window(instance.url, { extraHeaders: owner.extraHeaders })
    await one.enter(['/home/user/a'])
    await one.sees([{ name: 'ann', files: ['/home/user/a'], mayType: true }])
    const two = await window(other.url, { auth: { token: key } })
    const entered = await two.enter([])
    expect(entered).toMatchObject({ ok: true })
    const both = [{ name: 'ann' }, { name: 'key robot', files: [] }]
    await Promise.all([one.sees(both), two.sees(both)])
    // The same window, and another file.
    expect(await two.enter(['/home/user/b'])).toEqual(entered)
    await one.sees([{ name: 'ann' }, { name: 'key robot', files: ['/home/user/b'] }])
    two.line.emit('leave', sandboxId)
    await one.sees([{ name: 'ann' }])
    await two.enter([])
    await one.sees([{ name: 'ann' }, { name: 'key robot' }])
    two.line.disconnect()
    await one.sees([{ name: 'ann' }])
    one.line.disconnect()
  })

  it('is told to guests without an address, and no more when the share is stopped', async () => {
    const shared = (await owner.call('POST', `/api/v1/sandboxes/${sandboxId}/shares`, {})).body
    const client = await TestClient.signUp(instance.url, 'gus@example.org', 'correct horse battery')
    await client.call('POST', '/api/v1/shares/accept', { secret: new URL(shared.url).hash.slice(1) })
    const one = await window(other.url, { auth: { token: key } })
    await one.enter([])
    const guest = await window(instance.url, { extraHeaders: client.extraHeaders })
    await guest.enter(['/etc/hosts'])
    await one.sees([{ name: 'key robot' }, { name: 'gus', mayType: false, files: ['/etc/hosts'] }])
    await owner.call('DELETE', `/api/v1/shares/${shared.id}`)
    await Promise.all([guest.sees([]), one.sees([{ name: 'key robot' }])])
    expect(await guest.enter([])).toMatchObject({ ok: false, error: { code: 'not_found' } })
  })

  it('refuses what is no place', async () => {
    const one = await window(instance.url, { extraHeaders: owner.extraHeaders })
    for (const files of [['a', 'b', 'c', 'd'], ['x'.repeat(2000)], ['']]) {
      expect(await one.enter(files)).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
    }
  })
})

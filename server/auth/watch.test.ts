import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientToServer, ServerToClient } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

type Line = Socket<ServerToClient, ClientToServer>

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('what a teacher of two classes has open', () => {
  let instance: Instance
  let owner: TestClient
  let tess: { client: TestClient; email: string; id: string }
  let math = ''
  /** Of a student of each class, and of the teacher. */
  const boxes = { math: '', art: '', own: '' }
  const names = ['math', 'art', 'own'] as const
  const lines: Line[] = []

  const made = async (who: TestClient, path: string, body: object = {}) => {
    const answer = await who.call('POST', path, body)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const join = async (name: string, role: string) => {
    const email = `${name}@example.org`
    const client = await TestClient.signUp(instance.url, email)
    const { url } = await made(owner, '/api/v1/invitations', { email, role })
    await made(client, '/api/v1/invitations/accept', { secret: new URL(url).hash.slice(1) })
    const { body } = await client.call('GET', '/api/v1/me')
    return { client, email, id: String(body.user.id) }
  }
  const classOf = async (name: string, student: { email: string }) => {
    const { id } = await made(owner, '/api/v1/classes', { name })
    await owner.call('PUT', `/api/v1/classes/${id}/staff/${tess.id}`, { role: 'teacher' })
    await made(owner, `/api/v1/classes/${id}/students`, { name: student.email, email: student.email })
    return String(id)
  }
  const box = async (who: TestClient) =>
    String((await made(who, '/api/v1/sandboxes', { limits, network: 'none' })).id)
  /** What is sent of an endless answer, until it ends. */
  const follow = async (path: string) => {
    const seen = { text: '', ended: false }
    const answer = await fetch(new URL(path, instance.url), { headers: tess.client.extraHeaders })
    expect(answer.status).toBe(200)
    const read = async () => {
      const reader = answer.body?.getReader()
      for (;;) {
        const read = await reader?.read()
        if (read?.done !== false) return
        seen.text += Buffer.from(read.value).toString()
      }
    }
    void read()
      .catch(() => {}) // it was cut
      .finally(() => {
        seen.ended = true
      })
    return seen
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    tess = await join('tess', 'member')
    const [ann, cid] = [await join('ann', 'student'), await join('cid', 'student')]
    math = await classOf('Math', ann)
    await classOf('Art', cid)
    Object.assign(boxes, {
      ...{ math: await box(ann.client), art: await box(cid.client), own: await box(tess.client) },
    })
  })
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await instance?.[Symbol.asyncDispose]()
  })

  it('ends with the class that they leave, where it shows a student of that, and goes on elsewhere', async () => {
    const line: Line = io(`${instance.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      extraHeaders: tess.client.extraHeaders,
    })
    lines.push(line)
    await new Promise<void>((resolve, reject) => line.once('connect', resolve).once('connect_error', reject))
    const output = new Map<string, string>()
    const detached = new Set<string>()
    const people = new Map<string, number>()
    let cut = false
    line.on('output', (id, seq, bytes) => {
      output.set(id, (output.get(id) ?? '') + Buffer.from(bytes).toString())
      line.emit('ack', id, seq + bytes.length)
    })
    line.on('detached', (id) => detached.add(id))
    line.on('people', (id, here) => people.set(id, here.length))
    line.on('disconnect', () => {
      cut = true
    })
    const open = async (name: (typeof names)[number]) => {
      const sandboxId = boxes[name]
      const attached = await line.emitWithAck('open', { sandboxId, cols: 80, rows: 24 })
      expect(attached).toMatchObject({ ok: true })
      const entered = await line.emitWithAck('enter', { sandboxId, files: [] })
      expect(entered).toMatchObject({ ok: true })
      const process = await made(tess.client, `/api/v1/sandboxes/${sandboxId}/processes`, {
        ...{ command: 'cat', stdin: true },
      })
      return {
        ...{ sandboxId, processId: String(process.id) },
        terminalId: 'terminalId' in attached ? attached.terminalId : '',
        watched: await follow(`/api/v1/sandboxes/${sandboxId}/files/watch?path=/home/user`),
        followed: await follow(`/api/v1/sandboxes/${sandboxId}/processes/${process.id}/output`),
      }
    }
    const [ofMath, ofArt, ofOwn] = [await open('math'), await open('art'), await open('own')]
    const removed = await owner.call('DELETE', `/api/v1/classes/${math}/staff/${tess.id}`)
    expect(removed.status).toBe(204)

    await expect.poll(() => detached.has(ofMath.terminalId)).toBe(true)
    await expect.poll(() => people.get(ofMath.sandboxId)).toBe(0)
    await expect.poll(() => [ofMath.watched.ended, ofMath.followed.ended]).toEqual([true, true])
    const { sandboxId, terminalId } = ofMath
    const again = await line.emitWithAck('open', { sandboxId, terminalId, cols: 80, rows: 24 })
    expect(again).toMatchObject({ ok: false, error: { code: 'not_found' } })
    const told = await line.emitWithAck('enter', { sandboxId, files: [] })
    expect(told).toMatchObject({ ok: false, error: { code: 'not_found' } })

    // The rest lives: what is done there still comes.
    for (const [name, one] of [
      ['art', ofArt],
      ['own', ofOwn],
    ] as const) {
      line.emit('input', one.terminalId, Buffer.from(`echo "still-"${name}\n`))
      await expect.poll(() => output.get(one.terminalId), { timeout: 15_000 }).toContain(`still-${name}`)
      const path = `/api/v1/sandboxes/${one.sandboxId}`
      await tess.client.call('PUT', `${path}/files?path=still-${name}`, 'x')
      await expect.poll(() => one.watched.text, { timeout: 15_000 }).toContain(`still-${name}`)
      const typed = await tess.client.call(
        'POST',
        `${path}/processes/${one.processId}/stdin`,
        `also-${name}`,
        {
          'content-type': 'application/octet-stream',
        },
      )
      expect(typed.status).toBeLessThan(300)
      const inBase64 = Buffer.from(`also-${name}`).toString('base64').slice(0, 10)
      await expect
        .poll(() => one.followed.text, { timeout: 15_000 })
        .toMatch(new RegExp(`also-${name}|${inBase64}`))
      expect([one.watched.ended, one.followed.ended]).toEqual([false, false])
      expect(people.get(one.sandboxId)).toBe(1)
    }
    expect(cut).toBe(false)
    expect([...detached]).toEqual([ofMath.terminalId])
  })

  it('ends when a student leaves the class, and when the class is archived', async () => {
    const art = (await tess.client.call('GET', '/api/v1/classes')).body.items[0].id
    const path = `/api/v1/sandboxes/${boxes.art}/files/watch?path=/home/user`
    const first = await follow(path)
    await tess.client.call('PATCH', `/api/v1/classes/${art}`, { archived: true })
    await expect.poll(() => first.ended).toBe(true)
    await owner.call('PATCH', `/api/v1/classes/${art}`, { archived: false })
    const second = await follow(path)
    const own = await follow(`/api/v1/sandboxes/${boxes.own}/files/watch?path=/home/user`)
    const [student] = (await tess.client.call('GET', `/api/v1/classes/${art}/students`)).body.items
    expect((await tess.client.call('DELETE', `/api/v1/classes/${art}/students/${student.id}`)).status).toBe(
      204,
    )
    await expect.poll(() => second.ended).toBe(true)
    expect(own.ended).toBe(false)
  })
})

import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('students of one tenant', () => {
  let instance: Instance
  let teacher: TestClient
  let ann: Awaited<ReturnType<typeof join>>
  let ben: Awaited<ReturnType<typeof join>>
  /** Of Ann and of Ben, of the same name. */
  let [annsBox, bensBox] = ['', '']

  const join = async (name: string, role: string) => {
    const email = `${name}@example.org`
    const client = await TestClient.signUp(instance.url, email)
    const { body: invited } = await teacher.call('POST', '/api/v1/invitations', { email, role })
    const accepted = await client.call('POST', '/api/v1/invitations/accept', {
      secret: new URL(invited.url).hash.slice(1),
    })
    expect(accepted.status).toBe(200)
    const { body: me } = await client.call('GET', '/api/v1/me')
    expect(me.tenant.role).toBe(role)
    return { client, email, id: String(me.user.id) }
  }
  const made = async (who: TestClient, path: string, body: object, headers = {}) => {
    const answer = await who.call('POST', path, body, headers)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const idsOf = async (who: TestClient, path: string) => {
    const { body } = await who.call('GET', path)
    return body.items.map(({ id }: { id: string }) => id)
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    teacher = await TestClient.signUp(instance.url, 'teacher@example.org')
    ann = await join('ann', 'student')
    ben = await join('ben', 'student')
    annsBox = (await made(ann.client, '/api/v1/sandboxes', { name: 'lesson', limits, network: 'none' })).id
    bensBox = (await made(ben.client, '/api/v1/sandboxes', { name: 'lesson', limits, network: 'none' })).id
  })
  afterAll(() => instance?.[Symbol.asyncDispose]())

  it('have sandboxes of the same name, see their own, and their teacher sees all', async () => {
    const path = '/api/v1/sandboxes'
    expect(await idsOf(ann.client, path)).toEqual([annsBox])
    expect(await idsOf(ben.client, path)).toEqual([bensBox])
    expect((await idsOf(teacher, path)).toSorted()).toEqual([annsBox, bensBox].toSorted())
    const again = await ann.client.call('POST', path, { name: 'lesson', limits })
    expect(again).toMatchObject({ status: 409 })
    expect(again.body.detail).toContain(annsBox)
    const command = { command: 'echo hello' }
    expect((await made(teacher, `${path}/${annsBox}/exec`, command)).stdout).toBe('hello\n')
    expect((await made(ann.client, `${path}/${annsBox}/exec`, command)).stdout).toBe('hello\n')
    expect(await ben.client.call('POST', `${path}/${annsBox}/exec`, command)).toMatchObject({ status: 404 })
    const renamed = await made(ben.client, path, { name: 'other', limits, network: 'none' })
    const toTaken = await ben.client.call('PATCH', `${path}/${renamed.id}`, { name: 'lesson' })
    expect(toTaken.body.detail).toContain(bensBox)
    await ben.client.call('DELETE', `${path}/${renamed.id}`)
  })

  it('come back to their class when they sign in again', async () => {
    const again = await TestClient.signIn(instance.url, ann.email, 'correct horse battery')
    const { body: me } = await again.call('GET', '/api/v1/me')
    expect(me.tenant.role).toBe('student')
    const own = me.tenants.find(({ role }: { role: string }) => role === 'owner')
    await again.call('POST', `/api/v1/tenants/${own.id}/activate`, {})
    const third = await TestClient.signIn(instance.url, ann.email, 'correct horse battery')
    expect((await third.call('GET', '/api/v1/me')).body.tenant.role).toBe('owner')
    // Of the other sessions each stays where it is.
    expect((await ann.client.call('GET', '/api/v1/me')).body.tenant.role).toBe('student')
    await third.call('POST', `/api/v1/tenants/${me.tenant.id}/activate`, {})
  })

  it('cannot tell a classmate’s sandbox from one that does not exist, by any port either', async () => {
    const state = 's'.repeat(43)
    for (const sandbox of [annsBox, `sb_${'z'.repeat(20)}`]) {
      const got = await ben.client.call('GET', `/api/v1/sandboxes/${sandbox}`)
      expect(got).toMatchObject({ status: 404, body: { detail: 'sandbox not found' } })
      const query = new URLSearchParams({ sandbox, port: '8000', state, to: '/' })
      expect((await ben.client.call('GET', `/api/previews/open?${query}`)).status).toBe(404)
    }
    const query = new URLSearchParams({ sandbox: annsBox, port: '8000', state, to: '/' })
    expect((await ann.client.call('GET', `/api/previews/open?${query}`)).status).toBe(303)
    expect((await teacher.call('GET', `/api/previews/open?${query}`)).status).toBe(303)
  })

  it('have snapshots of their own, and make nothing from a classmate’s', async () => {
    const take = (who: TestClient, box: string) =>
      made(who, `/api/v1/sandboxes/${box}/snapshots`, { name: 'before' })
    const [anns, bens] = [await take(ann.client, annsBox), await take(ben.client, bensBox)]
    expect(await idsOf(ben.client, '/api/v1/snapshots')).toEqual([bens.id])
    expect(await idsOf(ben.client, `/api/v1/snapshots?sandbox=${annsBox}`)).toEqual([])
    expect(await idsOf(teacher, '/api/v1/snapshots')).toEqual([bens.id, anns.id])
    for (const [method, path, body] of [
      ['GET', `/api/v1/snapshots/${anns.id}`],
      ['GET', `/api/v1/snapshots/${anns.id}/archive?path=/etc/passwd`],
      ['DELETE', `/api/v1/snapshots/${anns.id}`],
      ['POST', '/api/v1/sandboxes', { snapshot: anns.id, limits }],
      ['POST', `/api/v1/sandboxes/${bensBox}/restore`, { snapshot: anns.id }],
      ['POST', `/api/v1/sandboxes/${annsBox}/fork`, {}],
    ] as const) {
      expect((await ben.client.call(method, path, body)).status, path).toBe(404)
    }
    const forked = await made(ben.client, `/api/v1/sandboxes/${bensBox}/fork`, { count: 1 })
    const [fork] = forked.sandboxes
    expect((await ann.client.call('GET', `/api/v1/sandboxes/${fork.id}`)).status).toBe(404)
    await ben.client.call('DELETE', `/api/v1/sandboxes/${fork.id}`)
  })

  it('have runs of their own, also under the same idempotency key', async () => {
    const key = { 'idempotency-key': 'homework-1' }
    const run = (who: TestClient) => made(who, '/api/v1/runs', { command: 'echo mine', wait: true }, key)
    const [anns, bens] = [await run(ann.client), await run(ben.client)]
    expect(anns.id).not.toBe(bens.id)
    expect((await run(ann.client)).id).toBe(anns.id)
    expect(await idsOf(ben.client, '/api/v1/runs')).toEqual([bens.id])
    expect((await ben.client.call('GET', `/api/v1/runs/${anns.id}`)).status).toBe(404)
    expect((await ben.client.call('POST', `/api/v1/runs/${anns.id}/cancel`)).status).toBe(404)
    // A callback is signed with the secret of the tenant, for which no student speaks.
    const told = { command: 'true', callbackUrl: 'https://192.0.2.1/' }
    const refused = await ben.client.call('POST', '/api/v1/runs', told)
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect(await idsOf(ben.client, '/api/v1/runs')).toEqual([bens.id])
    const over = new Date(Date.now() + 60_000).toISOString()
    const deleted = await ben.client.call('DELETE', `/api/v1/runs?finishedBefore=${over}`)
    expect(deleted.body).toEqual({ deleted: 1 })
    expect(await idsOf(teacher, '/api/v1/runs')).toEqual([anns.id])
    const box = (who: TestClient) =>
      made(who, '/api/v1/sandboxes', { limits, network: 'none' }, { 'idempotency-key': 'box' })
    const [first, second] = [await box(ann.client), await box(ben.client)]
    expect(first.id).not.toBe(second.id)
    expect((await box(ben.client)).id).toBe(second.id)
    await teacher.call('DELETE', `/api/v1/sandboxes/${first.id}`)
    await teacher.call('DELETE', `/api/v1/sandboxes/${second.id}`)
  })

  it('are shown a classmate’s sandbox when a teacher shares it, for as long as that', async () => {
    const path = `/api/v1/sandboxes/${annsBox}`
    const shared = await made(teacher, `${path}/shares`, { level: 'look', member: ben.email })
    expect((await ben.client.call('GET', path)).body).toMatchObject({ id: annsBox, access: 'look' })
    expect((await ben.client.call('POST', `${path}/exec`, { command: 'true' })).status).toBe(403)
    expect(await idsOf(ben.client, '/api/v1/sandboxes')).toEqual([bensBox])
    await teacher.call('DELETE', `/api/v1/shares/${shared.id}`)
    expect((await ben.client.call('GET', path)).status).toBe(404)
  })

  it('bring nothing of the tenant into a sandbox but its templates', async () => {
    const volume = await made(teacher, '/api/v1/volumes', { name: 'solutions', sizeMiB: 16 })
    const wanted = { limits, volumes: [{ volume: volume.id, path: '/solutions' }] }
    expect((await ann.client.call('POST', '/api/v1/sandboxes', wanted)).status).toBe(403)
    const link = await ann.client.call('POST', `/api/v1/sandboxes/${annsBox}/shares`, { level: 'type' })
    expect(link).toMatchObject({ status: 403 })
    expect(link.body.detail).toContain('students cannot do this; ask your teacher')
    await teacher.call('DELETE', `/api/v1/volumes/${volume.id}`)
  })

  it('join by a link that a class shares, or by its code, as many as may and no more', async () => {
    const nobody = new TestClient(instance.url, { origin: instance.url })
    const wanted = { maxUses: 2, expiresInSeconds: 3600 }
    const link = await made(teacher, '/api/v1/invitations', wanted)
    expect(link).toMatchObject({ email: null, role: 'student', maxUses: 2, uses: 0 })
    expect(new URL(link.url).hash).toBe(`#${link.code}`)
    const typed = String(link.code).toLowerCase().replaceAll('-', ' ')
    const seen = await nobody.call('POST', '/api/v1/invitations/preview', { secret: typed })
    expect(seen.body).toMatchObject({ email: null, role: 'student' })
    const people = await Promise.all(
      [1, 2, 3, 4].map((at) => TestClient.signUp(instance.url, `pupil${at}@example.org`)),
    )
    const accept = (who: TestClient) => who.call('POST', '/api/v1/invitations/accept', { secret: typed })
    const answers = await Promise.all(people.map(accept))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 409, 409])
    const late = answers.find(({ status }) => status === 409)
    expect(late?.body.detail).toContain('as many have joined by this link as may')
    // Whoever is in already takes no place, and stays what they are.
    expect((await accept(teacher)).body.tenant.role).toBe('owner')
    const joined = answers.findIndex(({ status }) => status === 200)
    expect((await accept(people[joined] ?? expect.fail())).body.tenant.role).toBe('student')
    const { body } = await teacher.call('GET', '/api/v1/members')
    expect(body.invitations).toMatchObject([{ id: link.id, uses: 2, maxUses: 2 }])
    expect(JSON.stringify(body)).not.toContain(link.code)
    // Nor does anybody who was removed come back by it, or who leaves use it up.
    const open = await made(teacher, '/api/v1/invitations', { maxUses: 3 })
    const eve = await TestClient.signUp(instance.url, 'eve@example.org')
    const again = () => eve.call('POST', '/api/v1/invitations/accept', { secret: open.code })
    const { tenant, user } = (await again()).body
    expect(tenant.role).toBe('student')
    await teacher.call('DELETE', `/api/v1/members/${user.id}`)
    expect(await again()).toMatchObject({ status: 409 })
    expect((await again()).body.detail).toContain('you have joined by this link before')
    const { body: after } = await teacher.call('GET', '/api/v1/members')
    expect(after.invitations).toContainEqual(expect.objectContaining({ id: open.id, uses: 1 }))
    await teacher.call('DELETE', `/api/v1/invitations/${open.id}`)
    await teacher.call('DELETE', `/api/v1/invitations/${link.id}`)
    expect((await accept(people[joined] ?? expect.fail())).status).toBe(404)
  })

  it('are all that a link without an address makes', async () => {
    for (const [body, why] of [
      [{ role: 'admin' }, 'a link without an email address makes students only'],
      [{ email: 'x@example.org', maxUses: 5 }, 'is for one person'],
      [{ maxUses: 0 }, 'maxUses'],
      [{ expiresInSeconds: 1e9 }, 'expiresInSeconds'],
    ] as const) {
      const refused = await teacher.call('POST', '/api/v1/invitations', body)
      expect(refused.status).toBe(400)
      expect(JSON.stringify(refused.body)).toContain(why)
    }
  })

  it('who were members before are cut off from what is not theirs, and their keys with them', async () => {
    const cat = await join('cat', 'admin')
    const { key } = await made(cat.client, '/api/v1/keys', { name: 'of Cat' })
    const program = TestClient.withKey(instance.url, key)
    expect((await program.call('GET', '/api/v1/sandboxes')).body.items).toHaveLength(2)
    const line = io(`${instance.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      extraHeaders: cat.client.extraHeaders,
    })
    const ended = new Promise((resolve) => line.once('disconnect', resolve))
    const { ok } = await new Promise<{ ok: boolean }>((resolve) =>
      line.emit('open', { sandboxId: annsBox, cols: 80, rows: 24 }, resolve),
    )
    expect(ok).toBe(true)
    // A link of theirs that somebody outside has, and what they have shared with themselves.
    const shares = `/api/v1/sandboxes/${annsBox}/shares`
    await made(cat.client, shares, { level: 'type', member: cat.email })
    const link = await made(program, shares, { level: 'type' })
    const outsider = await TestClient.signUp(instance.url, 'outsider@example.org')
    const secret = new URL(link.url).hash.slice(1)
    await made(outsider, '/api/v1/shares/accept', { secret })
    expect((await outsider.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(200)
    await teacher.call('PATCH', `/api/v1/members/${cat.id}`, { role: 'student' })
    await ended
    expect((await outsider.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(404)
    expect((await program.call('GET', '/api/v1/sandboxes')).status).toBe(401)
    expect(await idsOf(cat.client, '/api/v1/sandboxes')).toEqual([])
    expect((await cat.client.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(404)
  })

  it('use up their own share of the quota and no more, however many ask at once', async () => {
    const [eli, flo] = [await join('eli', 'student'), await join('flo', 'student')]
    const path = '/api/v1/sandboxes'
    const create = (who: TestClient, more = {}) =>
      who.call('POST', path, { limits, network: 'none', ...more })
    const kept = { studentQuota: { awake: 3, sandboxes: 4, snapshots: 1, memoryMiB: 256 } }
    const set = await teacher.call('PATCH', '/api/v1/tenant', kept)
    expect(set.status, JSON.stringify(set.body)).toBe(200)
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(eli.client)))
    const boxes = answers.filter(({ status }) => status === 201).map(({ body }) => String(body.id))
    expect(boxes).toHaveLength(3)
    for (const { status, body } of answers.filter(({ status }) => status !== 201)) {
      expect(status, JSON.stringify(body)).toBe(422)
      expect(body.code).toBe('quota_exceeded')
      expect(body.detail).toContain(
        'one student may have 3 sandboxes that are not stopped, of which 0 are left',
      )
      expect(body.detail).toContain('teachers of their class, and owners of the tenant, can change the bound')
    }
    // Nothing of it is left at the node or in the tenant's quota, and classmates are not concerned.
    const { body: whole } = await teacher.call('GET', '/api/v1/quota')
    expect(whole).toMatchObject({ student: null, students: { said: kept.studentQuota, limits: { runs: 2 } } })
    expect(await idsOf(eli.client, path)).toHaveLength(3)
    const flos = await create(flo.client)
    expect(flos.status).toBe(201)
    const own = await eli.client.call('GET', '/api/v1/quota')
    expect(own.body).toMatchObject({
      ...{ limits: { sandboxes: 4, memoryMiB: 256 }, used: { sandboxes: 3, cpus: 0.75 }, students: null },
      student: { limits: { awake: 3, cpus: 4 }, used: { awake: 3, memoryMiB: 192, snapshots: 0 } },
    })
    const [first = '', second = ''] = boxes
    // One that is stopped holds its place and its disk, and starts when there is room again.
    await made(eli.client, `${path}/${first}/stop`, {})
    expect((await create(eli.client, { limits: { ...limits, memoryMiB: 192 } })).body.detail).toContain(
      'memory',
    )
    const fourth = await create(eli.client)
    expect(fourth.status).toBe(201)
    expect((await create(eli.client)).body.detail).toMatch(/3 sandboxes that are not stopped|4 sandboxes/)
    const start = () => eli.client.call('POST', `${path}/${first}/start`, {})
    const starts = await Promise.all([start(), start(), start()])
    expect(starts.map(({ status }) => status)).toEqual([422, 422, 422])
    const more = await eli.client.call('PATCH', `${path}/${second}`, { limits: { memoryMiB: 512 } })
    expect(more).toMatchObject({ status: 422, body: { code: 'quota_exceeded' } })
    const less = await eli.client.call('PATCH', `${path}/${second}`, { limits: { memoryMiB: 48 } })
    expect(less.status).toBe(200)
    await eli.client.call('DELETE', `${path}/${fourth.body.id}`)
    expect((await start()).status).toBe(200)
    const forked = await eli.client.call('POST', `${path}/${first}/fork`, { count: 2 })
    expect(forked.status).toBe(422)
    expect(await idsOf(eli.client, path)).toHaveLength(3)
    expect(await idsOf(eli.client, '/api/v1/snapshots')).toEqual([])
    const snap = () => eli.client.call('POST', `${path}/${first}/snapshots`, {})
    const snaps = await Promise.all([snap(), snap(), snap()])
    expect(snaps.map(({ status }) => status).toSorted()).toEqual([201, 422, 422])
    const run = { command: 'true', limits: { memoryMiB: 300 } }
    const tooLarge = await eli.client.call('POST', '/api/v1/runs', run)
    expect(tooLarge).toMatchObject({ status: 422, body: { code: 'quota_exceeded' } })
    // Of a class that says nothing they have what the tenant says, and else the most that one of their classes gives.
    const math = await made(teacher, '/api/v1/classes', { name: 'Math' })
    expect(math.studentQuota).toMatchObject({ said: {}, limits: { awake: 3, pids: 2048 } })
    await made(teacher, `/api/v1/classes/${math.id}/students`, { name: 'Eli', email: eli.email })
    const given = await teacher.call('PATCH', `/api/v1/classes/${math.id}`, {
      studentQuota: { awake: 4, cpus: 1, memoryMiB: 512 },
    })
    expect(given.body.studentQuota).toMatchObject({ said: { awake: 4, cpus: 1 }, limits: { snapshots: 1 } })
    expect((await create(eli.client)).status).toBe(201)
    expect((await create(eli.client)).body.detail).toContain('one student may have')
    const taken = await teacher.call('PATCH', `/api/v1/classes/${math.id}`, { studentQuota: { awake: null } })
    expect(taken.body.studentQuota.said).toEqual({ cpus: 1, memoryMiB: 512 })
    expect((await eli.client.call('PATCH', '/api/v1/tenant', kept)).status).toBe(403)
    for (const bad of [{ awake: -1 }, { cpus: 'many' }, { unknown: 1 }]) {
      const refused = await teacher.call('PATCH', '/api/v1/tenant', { studentQuota: bad })
      expect(refused.status).toBe(400)
    }
    const back = { awake: null, sandboxes: null, snapshots: null, memoryMiB: null }
    await teacher.call('PATCH', '/api/v1/tenant', { studentQuota: back })
    const { body: again } = await teacher.call('GET', '/api/v1/quota')
    expect(again.students).toMatchObject({ said: {}, limits: { awake: 3, memoryMiB: 4096 } })
    for (const who of [eli, flo]) {
      for (const id of await idsOf(who.client, path)) await who.client.call('DELETE', `${path}/${id}`)
      await teacher.call('DELETE', `/api/v1/members/${who.id}`)
    }
  })

  it('leave their work to the tenant when their account is deleted', async () => {
    const dan = await join('dan', 'student')
    const { id } = await made(dan.client, '/api/v1/sandboxes', { name: 'lesson', limits, network: 'none' })
    await teacher.call('DELETE', `/api/v1/members/${dan.id}`)
    expect((await dan.client.call('GET', `/api/v1/sandboxes/${id}`)).status).toBe(404)
    expect(await idsOf(teacher, '/api/v1/sandboxes')).toContain(id)
    expect(await idsOf(ann.client, '/api/v1/sandboxes')).toEqual([annsBox])
  })
})

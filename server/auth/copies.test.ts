import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('copies of a student’s work', () => {
  let instance: Instance
  let owner: TestClient
  /** Teaches Ann. */
  let tess: Awaited<ReturnType<typeof join>>
  /** Teaches another class. */
  let otto: Awaited<ReturnType<typeof join>>
  let ann: Awaited<ReturnType<typeof join>>
  /** In Ann's class. */
  let ben: Awaited<ReturnType<typeof join>>
  let math = ''
  let [annsBox, annsSnapshot] = ['', '']

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
  const idsOf = async (who: TestClient, path: string): Promise<string[]> =>
    (await who.call('GET', path)).body.items.map(({ id }: { id: string }) => id)
  const statuses = async (path: string) => {
    const all = { owner, tess: tess.client, otto: otto.client, ann: ann.client, ben: ben.client }
    const asked = Object.entries(all).map(
      async ([name, who]) => [name, (await who.call('GET', path)).status] as const,
    )
    return Object.fromEntries(await Promise.all(asked))
  }
  const staffOnly = { owner: 200, tess: 200, otto: 404, ann: 404, ben: 404 }

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    tess = await join('tess', 'member')
    otto = await join('otto', 'member')
    ann = await join('ann', 'student')
    ben = await join('ben', 'student')
    const classOf = async (name: string, teacher: string) => {
      const { id } = await made(owner, '/api/v1/classes', { name })
      await owner.call('PUT', `/api/v1/classes/${id}/staff/${teacher}`, { role: 'teacher' })
      return String(id)
    }
    math = await classOf('Math', tess.id)
    await classOf('Art', otto.id)
    for (const { email } of [ann, ben]) {
      await made(owner, `/api/v1/classes/${math}/students`, { name: email, email })
    }
    annsBox = (await made(ann.client, '/api/v1/sandboxes', { name: 'essay', limits, network: 'none' })).id
    const essay = `/api/v1/sandboxes/${annsBox}/files?path=essay`
    expect((await ann.client.call('PUT', essay, 'of Ann')).status).toBe(201)
    annsSnapshot = (await made(ann.client, `/api/v1/sandboxes/${annsBox}/snapshots`, { name: 'one' })).id
  })
  afterAll(() => instance?.[Symbol.asyncDispose]())

  it('are seen by whoever sees the work, and by neither the student nor anybody else', async () => {
    const { body: before } = await ann.client.call('GET', '/api/v1/quota')
    const { sandboxes } = await made(tess.client, `/api/v1/sandboxes/${annsBox}/fork`, { name: 'essay' })
    const { id: fromSnapshot } = await made(tess.client, '/api/v1/sandboxes', {
      ...{ snapshot: annsSnapshot, limits, network: 'none' },
    })
    const { id: copied } = await made(tess.client, `/api/v1/sandboxes/${fromSnapshot}/snapshots`, {})
    const { id: second } = await made(tess.client, '/api/v1/sandboxes', {
      ...{ snapshot: copied, limits, network: 'none' },
    })
    const boxes = [String(sandboxes[0].id), String(fromSnapshot), String(second)]
    for (const id of boxes) {
      expect(await statuses(`/api/v1/sandboxes/${id}`)).toEqual(staffOnly)
      const { body } = await tess.client.call('GET', `/api/v1/sandboxes/${id}`)
      expect(body).toMatchObject({ ownerId: null, copyOf: ann.id, createdBy: tess.email })
      const essay = await tess.client.call('GET', `/api/v1/sandboxes/${id}/files?path=essay`)
      expect(essay.body).toBe('of Ann')
    }
    expect(await statuses(`/api/v1/snapshots/${copied}`)).toEqual(staffOnly)
    expect(await idsOf(tess.client, '/api/v1/sandboxes')).toEqual(expect.arrayContaining(boxes))
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([])
    expect(await idsOf(otto.client, '/api/v1/snapshots')).toEqual([])
    expect(await idsOf(ann.client, '/api/v1/sandboxes')).toEqual([annsBox])
    expect(await idsOf(ann.client, '/api/v1/snapshots')).toEqual([annsSnapshot])
    // They take nothing of her share.
    const { body: after } = await ann.client.call('GET', '/api/v1/quota')
    expect(after.used).toEqual(before.used)

    // Whoever teaches her no more loses them with her work, and has them back with it.
    await owner.call('DELETE', `/api/v1/classes/${math}/staff/${tess.id}`)
    for (const id of boxes) {
      expect((await tess.client.call('GET', `/api/v1/sandboxes/${id}`)).status).toBe(404)
    }
    expect(await idsOf(tess.client, '/api/v1/snapshots')).toEqual([])
    await owner.call('PUT', `/api/v1/classes/${math}/staff/${tess.id}`, { role: 'teacher' })
    expect(await statuses(`/api/v1/snapshots/${copied}`)).toEqual(staffOnly)
    for (const id of boxes.slice(1)) await owner.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('do not come into sandboxes that others see, nor into templates and images but by owners and admins', async () => {
    const { id: own } = await made(tess.client, '/api/v1/sandboxes', { limits, network: 'none' })
    const { id: bens } = await made(ben.client, '/api/v1/sandboxes', { limits, network: 'none' })
    for (const id of [own, bens]) {
      const restored = await tess.client.call('POST', `/api/v1/sandboxes/${id}/restore`, {
        snapshot: annsSnapshot,
      })
      expect(restored).toMatchObject({ status: 409 })
      expect(restored.body.detail).toContain('the work of a student')
    }
    const box = await made(tess.client, '/api/v1/sandboxes', { snapshot: annsSnapshot, network: 'none' })
    const copy = await made(tess.client, `/api/v1/sandboxes/${box.id}/snapshots`, {})
    const rebuild = { action: 'rebuild', template: 'essay', cron: '@daily' }
    for (const snapshot of [annsSnapshot, copy.id]) {
      for (const [path, body] of [
        ['/api/v1/templates', { name: 'essay', from: { snapshot } }],
        [`/api/v1/snapshots/${snapshot}/image`, { image: 'essay:1' }],
      ] as const) {
        const refused = await tess.client.call('POST', path, body)
        expect(refused, path).toMatchObject({ status: 403 })
        expect(refused.body.detail).toContain('only an owner or admin')
        expect((await otto.client.call('POST', path, body)).status, path).toBe(404)
      }
      const assignment = { title: 'Essay', source: { snapshot } }
      const given = await tess.client.call('POST', `/api/v1/classes/${math}/assignments`, assignment)
      expect(given).toMatchObject({ status: 409 })
    }
    for (const sandbox of [annsBox, box.id]) {
      const from = { sandbox, path: '.' }
      const refused = await tess.client.call('POST', '/api/v1/schedules', { ...rebuild, from })
      expect(refused).toMatchObject({ status: 403 })
    }
    // What an owner has set up runs with what the owner may. Without a Dockerfile the build is refused, and no sooner.
    const scheduled = await made(owner, '/api/v1/schedules', {
      ...{ ...rebuild, from: { sandbox: annsBox, path: '.' } },
    })
    await made(owner, `/api/v1/schedules/${scheduled.id}/run`)
    const last = async () => (await owner.call('GET', `/api/v1/schedules/${scheduled.id}`)).body.last
    await expect
      .poll(last, { timeout: 30_000, interval: 200 })
      .toMatchObject({ outcome: 'failed', message: expect.not.stringContaining('owner or admin') })
    // A teacher who changes it takes it over, and may not.
    const taken = await tess.client.call('PATCH', `/api/v1/schedules/${scheduled.id}`, { cron: '@weekly' })
    expect(taken.status).toBe(200)
    await made(tess.client, `/api/v1/schedules/${scheduled.id}/run`)
    await expect
      .poll(last, { timeout: 30_000, interval: 200 })
      .toMatchObject({ outcome: 'failed', message: expect.stringContaining('owner or admin') })
    await owner.call('DELETE', `/api/v1/schedules/${scheduled.id}`)

    await made(owner, '/api/v1/templates', { name: 'essay', from: { snapshot: copy.id } })
    const { body: templates } = await otto.client.call('GET', '/api/v1/templates')
    expect(templates.templates.map(({ name }: { name: string }) => name)).toContain('essay')
    for (const id of [own, bens, box.id]) await owner.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('are for all members once an owner says so, and the student’s own never is', async () => {
    const box = await made(tess.client, '/api/v1/sandboxes', {
      ...{ name: 'model', snapshot: annsSnapshot, limits, network: 'none' },
    })
    const path = `/api/v1/sandboxes/${box.id}`
    const kept = await made(tess.client, `${path}/snapshots`, { name: 'model' })
    const stop = { action: 'stop', sandbox: box.id, cron: '@daily' }
    const schedule = await made(tess.client, '/api/v1/schedules', stop)
    expect(await statuses(`/api/v1/schedules/${schedule.id}`)).toMatchObject({ tess: 200, otto: 404 })
    const publish = { copyOf: null }
    for (const [who, status] of [
      [tess.client, 403],
      [otto.client, 404],
      [ann.client, 404],
    ] as const) {
      expect((await who.call('PATCH', path, publish)).status).toBe(status)
      expect((await who.call('PATCH', `/api/v1/snapshots/${kept.id}`, publish)).status).toBe(status)
    }
    for (const own of [`/api/v1/sandboxes/${annsBox}`, `/api/v1/snapshots/${annsSnapshot}`]) {
      expect(await owner.call('PATCH', own, publish)).toMatchObject({ status: 409 })
    }
    // The name must be free among what all see.
    const named = await made(otto.client, '/api/v1/sandboxes', { name: 'model', limits, network: 'none' })
    expect((await owner.call('PATCH', path, publish)).body.detail).toContain(named.id)
    expect((await owner.call('PATCH', path, { ...publish, name: 'shown' })).body).toMatchObject({
      ...{ name: 'shown', copyOf: null, ownerId: null },
    })
    expect(await statuses(path)).toEqual({ ...staffOnly, otto: 200 })
    expect(await statuses(`/api/v1/schedules/${schedule.id}`)).toMatchObject({ tess: 200, otto: 200 })
    expect(await statuses(`/api/v1/snapshots/${kept.id}`)).toEqual(staffOnly)
    await owner.call('PATCH', `/api/v1/snapshots/${kept.id}`, publish)
    expect(await statuses(`/api/v1/snapshots/${kept.id}`)).toEqual({ ...staffOnly, otto: 200 })
    expect((await owner.call('PATCH', path, publish)).status).toBe(409)
    const { body: log } = await owner.call('GET', '/api/v1/audit')
    const actions = log.items.map(({ action }: { action: string }) => action)
    expect(actions).toEqual(expect.arrayContaining(['sandbox.publish', 'snapshot.publish']))
  })
})

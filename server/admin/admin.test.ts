import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'

describe('an operator', () => {
  let instance: Instance
  let key: TestClient

  beforeAll(async () => {
    instance = await openInstance('adm')
    key = TestClient.withKey(instance.url, instance.admin.apiKey)
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  const lesson = {
    ...{ template: 'base', count: 1, at: '09:00', timeZone: 'Europe/Berlin', holdMinutes: 30 },
    days: ['monday', 'tuesday'],
  }
  const schedules = '/api/v1/admin/pools/schedules'

  it('has sandboxes ready by schedule, and drops the schedule again', async () => {
    const kept = await key.call('PUT', `${schedules}/lesson`, lesson)
    expect(kept).toMatchObject({
      status: 200,
      body: { name: 'lesson', nextAt: expect.stringMatching(/T0[78]:00/) },
    })
    expect((await key.call('GET', '/api/v1/admin/pools')).body.schedules).toMatchObject([{ name: 'lesson' }])
    expect((await key.call('DELETE', `${schedules}/lesson`)).status).toBe(204)
    expect((await key.call('GET', '/api/v1/admin/pools')).body.schedules).toEqual([])
  })

  it.each([
    ['a time that is none', { ...lesson, at: '25:00' }, 400],
    ['a day that is none', { ...lesson, days: ['noday'] }, 400],
    ['a time zone that is none', { ...lesson, timeZone: 'Mars/Olympus' }, 400],
    ['more than the budget holds', { ...lesson, count: 10_000 }, 422],
    ['a template that is not there', { ...lesson, template: 'nope' }, 422],
  ])('hears why a schedule is refused: %s', async (_, body, status) => {
    const answer = await key.call('PUT', `${schedules}/bad`, body)
    expect(answer).toMatchObject({ status, body: { detail: expect.any(String) } })
  })

  it('hears with whose schedule another one overlaps', async () => {
    await key.call('PUT', `${schedules}/one`, lesson)
    const answer = await key.call('PUT', `${schedules}/two`, { ...lesson, at: '09:20' })
    expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('one') } })
    await key.call('DELETE', `${schedules}/one`)
  })

  it('warms ahead, and takes it back', async () => {
    const asked = await key.call('POST', '/api/v1/admin/pools/warm', { template: 'base', count: 1 })
    expect(asked.status).toBe(201)
    expect((await key.call('DELETE', `/api/v1/admin/pools/warm/${asked.body.id}`)).status).toBe(204)
    expect((await key.call('GET', '/api/v1/admin/pools')).body.warm).toEqual([])
  })

  it("finds every metric that Grafana's dashboard draws", async () => {
    const dashboard = await readFile('deploy/grafana/cloche.json', 'utf8')
    const drawn = new Set([...dashboard.matchAll(/cloche_[a-z0-9_]+/g)].map(([name]) => name))
    const { body } = await key.call('GET', '/metrics')
    expect(drawn.size).toBeGreaterThan(15)
    for (const name of drawn) expect(body, name).toMatch(new RegExp(`^${name}[{ ]`, 'm'))
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const path = '/api/v1/sandboxes'

describe('what one student may have, at two servers at once', () => {
  let instance: Instance
  let other: AnotherServer
  let teacher: TestClient
  /** The same student, at each of the servers. */
  let students: TestClient[] = []

  beforeAll(async () => {
    instance = await sharedInstance()
    other = await AnotherServer.start(instance)
    teacher = await TestClient.signUp(instance.url, 'teacher@example.org')
    const ann = await TestClient.signUp(instance.url, 'ann@example.org')
    const { body: invited } = await teacher.call('POST', '/api/v1/invitations', {
      ...{ email: 'ann@example.org', role: 'student' },
    })
    const secret = new URL(invited.url).hash.slice(1)
    expect((await ann.call('POST', '/api/v1/invitations/accept', { secret })).status).toBe(200)
    students = [ann, new TestClient(other.url, ann.extraHeaders)]
  })
  afterAll(async () => {
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  const allow = async (studentQuota: object) => {
    const set = await teacher.call('PATCH', '/api/v1/tenant', { studentQuota })
    expect(set.status, JSON.stringify(set.body)).toBe(200)
  }
  /** As often at each server, all at the same time. */
  const ask = (times: number, what: string, body: object) =>
    Promise.all(
      Array.from({ length: times }, () => students.map((who) => who.call('POST', what, body))).flat(),
    )
  const accepted = (answers: Awaited<ReturnType<typeof ask>>) =>
    answers.filter(({ status }) => status < 300).map(({ body }) => String(body.id))

  it('is no more than that of sandboxes, also when the amount changes at one of them', async () => {
    await allow({ awake: 2, sandboxes: 4 })
    const answers = await ask(5, path, { limits, network: 'none' })
    const boxes = accepted(answers)
    expect(boxes).toHaveLength(2)
    for (const { status, body } of answers.filter((one) => one.status >= 300)) {
      expect(status, JSON.stringify(body)).toBe(422)
      expect(body.code).toBe('quota_exceeded')
    }
    // What the first has been told holds at the second with the next call.
    await allow({ awake: 3 })
    boxes.push(...accepted(await ask(3, path, { limits, network: 'none' })))
    expect(boxes).toHaveLength(3)
    // One is stopped at one server: its place among those that are awake is free once, at both together.
    const stopped = `${path}/${boxes[0]}`
    expect((await students[1]?.call('POST', `${stopped}/stop`, {}))?.status).toBe(200)
    const started = students.map((who) => who.call('POST', `${stopped}/start`, {}))
    const made = students.map((who) => who.call('POST', path, { limits, network: 'none' }))
    const [starts, creations] = [await Promise.all(started), await Promise.all(made)]
    const { body: quota } = await (students[0] ?? expect.fail()).call('GET', '/api/v1/quota')
    expect(quota.student.used.awake).toBe(3)
    expect([...starts, ...creations].some(({ status }) => status < 300)).toBe(true)
    const { body: all } = await (students[0] ?? expect.fail()).call('GET', path)
    for (const { id } of all.items) await teacher.call('DELETE', `${path}/${id}`)
  })

  it('is no more than that of runs', async () => {
    await allow({ runs: 1, queuedRuns: 2 })
    const answers = await ask(6, '/api/v1/runs', { command: 'sleep 60' })
    const runs = accepted(answers)
    expect(runs).toHaveLength(3)
    const { body: quota } = await (students[1] ?? expect.fail()).call('GET', '/api/v1/quota')
    expect(quota.student.used).toMatchObject({ runs: 1, queuedRuns: 2 })
    await Promise.all(runs.map((id) => teacher.call('POST', `/api/v1/runs/${id}/cancel`)))
  })
})

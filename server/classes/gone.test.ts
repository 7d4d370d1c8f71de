import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

/** A class with one of everything. */
interface Made {
  readonly classId: string
  readonly sectionId: string
  readonly groupId: string
  readonly studentId: string
  readonly invitationId: string
  readonly assignmentId: string
}
type Call = readonly [
  method: string,
  path: string,
  body?: object | string,
  headers?: Readonly<Record<string, string>>,
]

const csv = { 'content-type': 'text/csv' }
const bytes = { 'content-type': 'application/octet-stream' }
let made = 0
const name = () => `new ${++made}`

/** Each call that changes something of a class, its people or its assignments. */
const calls = (
  { classId, sectionId, groupId, studentId, invitationId, assignmentId }: Made,
  digest: string,
  staff: string,
): Call[] => {
  const ofClass = `/api/v1/classes/${classId}`
  const ofAssignment = `/api/v1/assignments/${assignmentId}`
  const dueAt = '2999-02-01T00:00'
  return [
    ['GET', ofClass],
    ['PATCH', ofClass, { name: name(), timeZone: 'Asia/Shanghai', studentQuota: { sandboxes: 3 } }],
    ['DELETE', ofClass],
    ['PUT', `${ofClass}/staff/${staff}`, { role: 'assistant' }],
    ['DELETE', `${ofClass}/staff/${staff}`],
    ['POST', `${ofClass}/sections`, { name: name() }],
    ['PATCH', `${ofClass}/sections/${sectionId}`, { name: name() }],
    ['DELETE', `${ofClass}/sections/${sectionId}`],
    ['PATCH', `${ofClass}/groups/${groupId}`, { name: name() }],
    ['POST', `${ofClass}/students`, { name: name(), section: sectionId, group: groupId }],
    ['PATCH', `${ofClass}/students/${studentId}`, { name: name(), section: sectionId, group: groupId }],
    ['DELETE', `${ofClass}/students/${studentId}`],
    ['POST', `${ofClass}/roster?digest=${digest}`, `Name\nby roster\n`, csv],
    ['GET', `${ofClass}/roster.csv`],
    ['POST', `${ofClass}/cards`, { students: [studentId] }],
    ['POST', `${ofClass}/invitations`, { section: sectionId }],
    ['DELETE', `${ofClass}/invitations/${invitationId}`],
    ['POST', `${ofClass}/assignments`, { title: name(), dueAt }],
    ['PUT', `${ofClass}/assignments/order`, { assignments: [assignmentId] }],
    ['PATCH', ofAssignment, { title: name(), dueAt }],
    ['DELETE', ofAssignment],
    ['POST', `${ofAssignment}/duplicate`, {}],
    ['PUT', `${ofAssignment}/files/starter/file?path=${name().replace(' ', '-')}`, 'x', bytes],
    ['DELETE', `${ofAssignment}/files/starter/file?path=a`],
    ['PUT', `${ofAssignment}/extensions/${studentId}`, { dueAt: '2999-03-01T00:00' }],
    ['DELETE', `${ofAssignment}/extensions/${studentId}`],
    [
      'POST',
      `${ofAssignment}/tests/import`,
      { file: 'autograding.json', content: JSON.stringify({ tests: [{ name: 'a', run: 'true' }] }) },
    ],
    ['GET', `${ofAssignment}/work`],
  ]
}

describe('what is deleted while a call about it is under way', () => {
  let instance: Instance
  let owner: TestClient
  let teacher = ''
  const clients: pg.Client[] = []

  const connect = async () => {
    const client = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await client.connect()
    clients.push(client)
    return client
  }
  const ask = async (...[method, path, body, headers]: Call) => {
    const answer = await owner.call(method, path, body, headers)
    expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300)
    return answer.body
  }
  const fill = async () => {
    const { id } = await ask('POST', '/api/v1/classes', { name: 'Math' })
    const path = `/api/v1/classes/${id}`
    const [section, group, invitation, assignment] = await Promise.all([
      ask('POST', `${path}/sections`, { name: 'A' }),
      ask('POST', `${path}/groups`, { name: 'A' }),
      ask('POST', `${path}/invitations`, {}),
      ask('POST', `${path}/assignments`, { title: 'One', dueAt: '2999-01-01T00:00' }),
    ])
    const student = await ask('POST', `${path}/students`, { name: 'Ann', section: section.id })
    await ask('PUT', `/api/v1/assignments/${assignment.id}/files/starter/file?path=a`, 'x', bytes)
    await ask('PUT', `/api/v1/assignments/${assignment.id}/extensions/${student.id}`, {
      dueAt: '2999-02-15T00:00',
    })
    const { digest } = await ask('POST', `${path}/roster/preview`, 'Name\nby roster\n', csv)
    return {
      digest: String(digest),
      made: {
        ...{ classId: String(id), sectionId: String(section.id), groupId: String(group.id) },
        ...{ studentId: String(student.id), invitationId: String(invitation.id) },
        assignmentId: String(assignment.id),
      },
    }
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    const member = await TestClient.signUp(instance.url, 'tess@example.org')
    const { url } = await ask('POST', '/api/v1/invitations', { email: 'tess@example.org', role: 'member' })
    await member.call('POST', '/api/v1/invitations/accept', { secret: new URL(url).hash.slice(1) })
    teacher = String((await member.call('GET', '/api/v1/me')).body.user.id)
  })
  afterAll(async () => {
    for (const client of clients) await client.end()
    await instance?.[Symbol.asyncDispose]()
  })

  it.each([
    ['the class', 'DELETE FROM class WHERE id = $1', ({ classId }: Made) => classId],
    ['the student', 'DELETE FROM class_member WHERE id = $1', ({ studentId }: Made) => studentId],
    ['the section', 'DELETE FROM class_part WHERE id = $1', ({ sectionId }: Made) => sectionId],
    ['the assignment', 'DELETE FROM assignment WHERE id = $1', ({ assignmentId }: Made) => assignmentId],
  ])('is answered as what is not there, or as a conflict: %s', async (_, deletion, idOf) => {
    const [deleting, looking] = [await connect(), await connect()]
    const { rows } = await deleting.query('SELECT pg_backend_pid() AS pid')
    const isWaitedFor = async () => {
      const waiting = `SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`
      return (await looking.query(waiting, [rows[0]?.pid])).rowCount !== 0
    }
    const wrong: string[] = []
    const count = calls((await fill()).made, '', teacher).length
    let waited = 0
    for (let at = 0; at < count; at++) {
      const { made: one, digest } = await fill()
      const [method, path, body, headers] = calls(one, digest, teacher)[at] ?? ['GET', '/']
      await deleting.query('BEGIN')
      await deleting.query(deletion, [idOf(one)])
      let done = false
      const answering = owner.call(method, path, body, headers).finally(() => {
        done = true
      })
      // Until the call waits for what is being deleted, or has not needed it.
      while (!done && !(await isWaitedFor())) await sleep(5)
      if (!done) waited++
      await deleting.query('COMMIT')
      const { status, body: told } = await answering
      if (status >= 300 && status !== 404 && status !== 409) {
        wrong.push(`${method} ${path}: ${status} ${JSON.stringify(told)}`)
      }
      await owner.call('DELETE', `/api/v1/classes/${one.classId}`)
    }
    expect(wrong).toEqual([])
    expect(waited).toBeGreaterThan(3)
  })
})

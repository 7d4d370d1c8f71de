import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type ClientToServer,
  newId,
  type ServerToClient,
  type SocketAck,
  terminal,
} from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { described } from '../access-matrix/routes.js'
import type { Call } from '../access-matrix/rows/row.js'
import { type Attempt, socketTable } from '../access-matrix/sockets.js'
import { table } from '../access-matrix/table.js'
import { limits, must, openWorld, type Victim, type World } from '../access-matrix/world.js'

type Line = Socket<ServerToClient, ClientToServer>

/** What is in everything that the student has made before. */
const secret = 'all-answers-of-the-exam'

/** Open as ever: they name nothing of the student, or tell nothing of what they have made. */
const open: ReadonlySet<string> = new Set([...['previewShare', 'checkSubmissionReceipt', 'activateTenant']])

/** What calls name. */
const about = (victim: Victim) => new Set(Object.values(victim).filter((one) => typeof one === 'string'))

describe('a student in an exam', { timeout: 300_000 }, () => {
  let world: World
  let student: TestClient
  let calls: Awaited<ReturnType<typeof described>>
  /** The things of the student in the place of those of the victim. */
  let own: Victim
  let exam = { id: '', sandbox: '' }
  const lines: Line[] = []

  beforeAll(async () => {
    world = await openWorld()
    calls = await described(world)
    student = world.callers.student
    const { callers } = world
    const { user } = await must(student, 'GET', '/api/v1/me')
    const email = z.object({ email: z.string() }).parse(user).email
    const inClass = async (body: object) => {
      const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'of the exam' })
      await must(callers.owner, 'POST', `/api/v1/classes/${id}/students`, { name: 'Student', email })
      const wanted = { published: true, limits, network: 'none', ...body }
      return String((await must(callers.owner, 'POST', `/api/v1/classes/${id}/assignments`, wanted)).id)
    }
    own = { ...world.victim, ...(await makeThings(student, await inClass({ title: 'Homework' }))) }
    // What was shared with them in another tenant.
    const { client: friend } = await world.person()
    const wanted = { limits, name: 'shared', network: 'none' }
    const shared = await must(friend, 'POST', '/api/v1/sandboxes', wanted)
    const share = await must(friend, 'POST', `/api/v1/sandboxes/${shared.id}/shares`, { level: 'type' })
    await must(friend, 'PUT', `/api/v1/sandboxes/${shared.id}/files?path=diary`, secret)
    await must(student, 'POST', '/api/v1/shares/accept', { secret: new URL(share.url).hash.slice(1) })
    await must(student, 'GET', `/api/v1/sandboxes/${shared.id}`)
    own = { ...own, spareId: String(shared.id), shareId: String(share.id) }
    const [opens, due] = [Date.now() - 60_000, Date.now() + 3_600_000]
    const id = await inClass({
      ...{ title: 'Exam', exam: {}, opensAt: new Date(opens).toISOString() },
      dueAt: new Date(due).toISOString(),
    })
    const { sandbox } = await must(student, 'POST', `/api/v1/assignments/${id}/start`)
    exam = { id, sandbox: String(sandbox) }
  }, 300_000)
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await world?.[Symbol.asyncDispose]()
  })

  const fill = (path: string, { path: values = {}, query = {} }: Call) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? newId('xx')) +
    (Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`)

  it('finds every call closed that names what they had before, and is told nothing of it by any other', async () => {
    const wrong: string[] = []
    for (const { method, path, name } of calls) {
      for (const victim of [own, { ...own, sandboxId: own.spareId }]) {
        const call = table[name]?.call?.(victim) ?? {}
        const { status, body } = await student.call(method, fill(path, call), call.body, call.headers)
        const told = JSON.stringify(body ?? '')
        const said = JSON.stringify(call)
        const named = [...about(victim)].some((one) => said.includes(one))
        if (status < 300 && named && !open.has(name)) wrong.push(`${name}: ${status} ${told.slice(0, 200)}`)
        const leaked = [secret, own.sandboxId, own.snapshotId, own.runId, own.submissionId, own.spareId]
        // Which sandbox is for which assignment, and nothing of what is in it.
        if (name === 'listOwnWork') leaked.splice(1)
        for (const one of leaked) {
          if (told.includes(one) && !said.includes(one))
            wrong.push(`${name} tells ${one}: ${told.slice(0, 200)}`)
        }
        // What is refused before it is asked who calls proves nothing.
        if (status >= 400 && named && ![403, 404].includes(status) && !open.has(name)) {
          wrong.push(`${name}: ${status} ${told.slice(0, 200)}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('finds every event of a socket closed about what they had before', async () => {
    const path = `/api/v1/sandboxes/${exam.sandbox}/terminals`
    const ownTerminal = terminal.parse(await must(student, 'POST', path, {})).id
    for (const [name, row] of Object.entries(socketTable)) {
      const line: Line = io(`${world.url}/terminals`, {
        ...{ transports: ['websocket'], forceNew: true, reconnection: false },
        extraHeaders: student.extraHeaders,
      })
      lines.push(line)
      await new Promise<void>((resolve, reject) => {
        line.once('connect', resolve).once('connect_error', reject)
      })
      for (const victim of [own, { ...own, sandboxId: own.spareId }]) {
        const theirs = { ownSandbox: exam.sandbox, ownTerminal }
        const attempt: Attempt = { line, victim, ...theirs }
        const answers: SocketAck<object>[] = await row.attempt(attempt)
        for (const answer of answers) expect(answer, name).toMatchObject({ ok: false })
      }
    }
  })

  it('has what is signed, and keys of repeated calls, closed as well', async () => {
    const before = new TestClient(world.url)
    const signed = `/api/v1/files/signed?token=${encodeURIComponent(own.signedRead)}`
    expect((await before.call('GET', signed)).status).toBe(403)
    const again = await student.call(
      'POST',
      '/api/v1/runs',
      { command: `echo ${secret}`, wait: true },
      { 'idempotency-key': 'of the student' },
    )
    expect(again.status).toBe(403)
  })

  it('works in the sandbox of the exam as in any other', async () => {
    const path = `/api/v1/sandboxes/${exam.sandbox}`
    await must(student, 'PUT', `${path}/files?path=answer`, '42')
    const { stdout } = await must(student, 'POST', `${path}/exec`, { command: 'cat answer' })
    expect(stdout).toBe('42')
    await must(student, 'POST', `/api/v1/assignments/${exam.id}/submissions`)
  })

  it('has all of it again afterwards', async () => {
    await must(world.callers.owner, 'PATCH', `/api/v1/assignments/${exam.id}`, {
      dueAt: new Date(Date.now() - 1).toISOString(),
    })
    const read = async () => {
      const answer = await student.call('GET', `/api/v1/sandboxes/${own.sandboxId}/files?path=diary`)
      return [answer.status, answer.body]
    }
    await expect.poll(read, { timeout: 30_000 }).toEqual([200, secret])
    await must(student, 'GET', `/api/v1/snapshots/${own.snapshotId}`)
    await must(student, 'GET', `/api/v1/runs/${own.runId}`)
    await must(student, 'GET', `/api/v1/submissions/${own.submissionId}`)
    await must(student, 'GET', `/api/v1/sandboxes/${own.spareId}`)
    expect((await student.call('GET', `/api/v1/sandboxes/${exam.sandbox}`)).status).toBe(404)
  })
})

/** Of each kind of thing that a student can have. */
async function makeThings(student: TestClient, assignmentId: string) {
  const started = await must(student, 'POST', `/api/v1/assignments/${assignmentId}/start`)
  const sandboxId = String(started.sandbox)
  const path = `/api/v1/sandboxes/${sandboxId}`
  await must(student, 'PUT', `${path}/files?path=diary`, secret)
  await must(student, 'PUT', `${path}/files?path=handout`, secret)
  const opened = await must(student, 'POST', `${path}/terminals`, {})
  const process = await must(student, 'POST', `${path}/processes`, {
    ...{ command: `echo ${secret}; exec sleep 3600`, stdin: true },
  })
  const snapshot = await must(student, 'POST', `${path}/snapshots`, { name: secret })
  const headers = { 'idempotency-key': 'of the student' }
  const run = await must(student, 'POST', '/api/v1/runs', { command: `echo ${secret}`, wait: true }, headers)
  const submission = await must(student, 'POST', `/api/v1/assignments/${assignmentId}/submissions`)
  const signedFor = async (method: string) => {
    const { url } = await must(student, 'POST', `${path}/files/sign`, { path: 'handout', method })
    return new URL(url).searchParams.get('token') ?? ''
  }
  return {
    ...{ sandboxId, terminalId: terminal.parse(opened).id, processId: String(process.id) },
    ...{ snapshotId: String(snapshot.id), runId: String(run.id), submissionId: String(submission.id) },
    ...{ assignmentId, handedInId: assignmentId },
    ...{ signedRead: await signedFor('GET'), signedWrite: await signedFor('PUT') },
  }
}

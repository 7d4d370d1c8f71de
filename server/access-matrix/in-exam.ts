import { beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { newId, terminal } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import type { described } from './routes.js'
import type { Call } from './rows/row.js'
import { connect, type Line, socketTable } from './sockets.js'
import { table } from './table.js'
import { limits, must, type Victim, type World } from './world.js'

/** What is in everything that the student has made before. */
const secret = 'all-answers-of-the-exam'

/** Open as ever: they name nothing of the student, or tell nothing of what they have made. */
const open: ReadonlySet<string> = new Set([
  ...['previewShare', 'previewInvitation', 'checkSubmissionReceipt', 'activateTenant', 'listSandboxes'],
])

/** What calls name. */
const about = (victim: Victim) => Object.values(victim).filter((one) => typeof one === 'string')

const fill = (path: string, { path: values = {}, query = {} }: Call) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? newId('xx')) +
  (Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`)

/**
 * Every call and socket event of the matrix, made by the student in an exam about what they had made before it. The
 * student of the world is in an exam from then on, so these tests come last.
 */
export function holdInExam(
  of: () => { readonly world: World; readonly calls: Awaited<ReturnType<typeof described>> },
): void {
  let student: TestClient
  /** The things of the student in the place of those of the victim. */
  let own: Victim
  /** The same, and the sandbox that somebody of another tenant shares with them. */
  let received: Victim
  let exam = { id: '', sandbox: '' }

  beforeAll(async () => {
    const { world } = of()
    const { owner } = world.callers
    student = world.callers.student
    const { user } = await must(student, 'GET', '/api/v1/me')
    const { email } = z.object({ email: z.string() }).parse(user)
    const inClass = async (body: object) => {
      const { id } = await must(owner, 'POST', '/api/v1/classes', { name: 'of the exam' })
      await must(owner, 'POST', `/api/v1/classes/${id}/students`, { name: 'Student', email })
      const wanted = { published: true, limits, network: 'none', ...body }
      return String((await must(owner, 'POST', `/api/v1/classes/${id}/assignments`, wanted)).id)
    }
    own = { ...world.victim, ...(await makeThings(student, await inClass({ title: 'Homework' }))) }
    const { client: friend } = await world.person()
    const shared = await must(friend, 'POST', '/api/v1/sandboxes', {
      limits,
      name: 'shared',
      network: 'none',
    })
    const share = await must(friend, 'POST', `/api/v1/sandboxes/${shared.id}/shares`, { level: 'type' })
    await must(friend, 'PUT', `/api/v1/sandboxes/${shared.id}/files?path=diary`, secret)
    await must(student, 'POST', '/api/v1/shares/accept', { secret: new URL(share.url).hash.slice(1) })
    await must(student, 'GET', `/api/v1/sandboxes/${shared.id}`)
    received = { ...own, sandboxId: String(shared.id), shareId: String(share.id) }
    const id = await inClass({
      ...{ title: 'Exam', exam: {}, opensAt: new Date(Date.now() - 60_000).toISOString() },
      dueAt: new Date(Date.now() + 3_600_000).toISOString(),
    })
    const { sandbox } = await must(student, 'POST', `/api/v1/assignments/${id}/start`)
    exam = { id, sandbox: String(sandbox) }
  }, 300_000)

  it('finds every call closed that names what they had before, and is told nothing of it by any other', async () => {
    const wrong: string[] = []
    const hidden = [secret, own.sandboxId, own.snapshotId, own.runId, own.submissionId, received.sandboxId]
    for (const { method, path, name } of of().calls) {
      for (const victim of [own, received]) {
        const call = table[name]?.call?.(victim) ?? {}
        const { status, body } = await student.call(method, fill(path, call), call.body, call.headers)
        const [told, said] = [JSON.stringify(body ?? ''), JSON.stringify(call)]
        const named = !open.has(name) && about(victim).some((one) => said.includes(one))
        // What is refused before it is asked who calls proves nothing.
        if (named && ![401, 403, 404].includes(status)) wrong.push(`${name}: ${status} ${told.slice(0, 200)}`)
        // They may know which sandbox is for which assignment, and nothing of what is in it.
        const leaks = (name === 'listOwnWork' ? [secret] : hidden).filter(
          (one) => told.includes(one) && !said.includes(one),
        )
        for (const one of leaks) wrong.push(`${name} tells ${one}: ${told.slice(0, 200)}`)
      }
    }
    expect(wrong).toEqual([])
  }, 300_000)

  it('finds every event of a socket closed about what they had before', async () => {
    const opened = await must(student, 'POST', `/api/v1/sandboxes/${exam.sandbox}/terminals`, {})
    const theirs = { ownSandbox: exam.sandbox, ownTerminal: terminal.parse(opened).id }
    const lines: Line[] = []
    for (const [name, row] of Object.entries(socketTable)) {
      for (const victim of [own, received]) {
        const line = await connect(of().world, 'student')
        lines.push(line)
        const answers = await row.attempt({ line, victim, ...theirs })
        for (const answer of answers) expect(answer, name).toMatchObject({ ok: false })
      }
    }
    for (const line of lines) line.disconnect()
  })

  it('has what was signed before, and keys of repeated calls, closed as well', async () => {
    const anybody = new TestClient(of().world.url)
    const signed = `/api/v1/files/signed?token=${encodeURIComponent(own.signedRead)}`
    expect((await anybody.call('GET', signed)).status).toBe(403)
    const headers = { 'idempotency-key': own.idempotencyKey }
    expect((await student.call('POST', '/api/v1/runs', run, headers)).status).toBe(403)
  })

  it('works in the sandbox of the exam as in any other', async () => {
    const path = `/api/v1/sandboxes/${exam.sandbox}`
    await must(student, 'PUT', `${path}/files?path=answer`, '42')
    const { stdout } = await must(student, 'POST', `${path}/exec`, { command: 'cat answer' })
    expect(stdout).toBe('42')
    await must(student, 'POST', `/api/v1/assignments/${exam.id}/submissions`)
  })

  it('has all of it again afterwards', async () => {
    await must(of().world.callers.owner, 'PATCH', `/api/v1/assignments/${exam.id}`, {
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
    await must(student, 'GET', `/api/v1/sandboxes/${received.sandboxId}`)
    expect((await student.call('GET', `/api/v1/sandboxes/${exam.sandbox}`)).status).toBe(404)
  })
}

const run = { command: `echo ${secret}`, wait: true }

/** One of each kind of thing that a student can have. */
async function makeThings(student: TestClient, assignmentId: string) {
  const started = await must(student, 'POST', `/api/v1/assignments/${assignmentId}/start`)
  const sandboxId = String(started.sandbox)
  const path = `/api/v1/sandboxes/${sandboxId}`
  for (const name of ['diary', 'handout']) await must(student, 'PUT', `${path}/files?path=${name}`, secret)
  const opened = await must(student, 'POST', `${path}/terminals`, {})
  const process = await must(student, 'POST', `${path}/processes`, {
    ...{ command: `echo ${secret}; exec sleep 3600`, stdin: true },
  })
  const snapshot = await must(student, 'POST', `${path}/snapshots`, { name: secret })
  const idempotencyKey = 'of the student'
  const ran = await must(student, 'POST', '/api/v1/runs', run, { 'idempotency-key': idempotencyKey })
  const submission = await must(student, 'POST', `/api/v1/assignments/${assignmentId}/submissions`)
  const signedFor = async (method: string) => {
    const { url } = await must(student, 'POST', `${path}/files/sign`, { path: 'handout', method })
    return new URL(url).searchParams.get('token') ?? ''
  }
  return {
    ...{ sandboxId, terminalId: terminal.parse(opened).id, processId: String(process.id), idempotencyKey },
    ...{ snapshotId: String(snapshot.id), runId: String(ran.id), submissionId: String(submission.id) },
    ...{ assignmentId, handedInId: assignmentId },
    ...{ signedRead: await signedFor('GET'), signedWrite: await signedFor('PUT') },
  }
}

import { expect } from 'vitest'
import { AnotherServer } from './another-server.js'
import { TestClient } from './client.js'
import { sharedInstance } from './shared-instance.js'

export const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

/** An instance with two servers, and a class with a teacher, an assistant and two students, for tests of lessons. */
export async function openClassroom() {
  const instance = await sharedInstance()
  const other = await AnotherServer.start(instance)
  const owner = await TestClient.signUp(instance.url, 'head@example.org')
  const made = async (who: TestClient, method: string, path: string, body?: object | string) => {
    const answer = await who.call(method, path, body)
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
    return answer.body
  }
  const join = async (name: string, role: string) => {
    const email = `${name}@example.org`
    const client = await TestClient.signUp(instance.url, email)
    const { body } = await client.call('GET', '/api/v1/me')
    const { url } = await made(owner, 'POST', '/api/v1/invitations', { email, role })
    const secret = new URL(url).hash.slice(1)
    expect((await client.call('POST', '/api/v1/invitations/accept', { secret })).status).toBe(200)
    return { client, id: String(body.user.id) }
  }
  const tess = await join('tess', 'member')
  const otto = await join('otto', 'member')
  const stranger = await join('stranger', 'member')
  const ann = await join('ann', 'student')
  const ben = await join('ben', 'student')
  const outsider = await join('outsider', 'student')
  const { id: classId } = await made(owner, 'POST', '/api/v1/classes', { name: 'Math' })
  const path = `/api/v1/classes/${classId}`
  await made(owner, 'PUT', `${path}/staff/${tess.id}`, { role: 'teacher' })
  await made(owner, 'PUT', `${path}/staff/${otto.id}`, { role: 'assistant' })
  const enrol = async (name: string) =>
    String((await made(owner, 'POST', `${path}/students`, { name, email: `${name}@example.org` })).id)
  const places = { ann: await enrol('ann'), ben: await enrol('ben') }

  /** Ends the lesson that runs, and starts another. */
  const startLesson = async (body: object = {}) => {
    const { items } = await made(tess.client, 'GET', `${path}/lessons?limit=1`)
    if (items[0]?.endedAt === null) await made(tess.client, 'POST', `/api/v1/lessons/${items[0].id}/end`)
    const lesson = await made(tess.client, 'POST', `${path}/lessons`, body)
    return { ...lesson, path: `/api/v1/lessons/${lesson.id}` }
  }
  const newAssignment = async (body: object = {}) => {
    const wanted = { title: 'Loops', published: true, limits, network: 'none', ...body }
    const one = await made(tess.client, 'POST', `${path}/assignments`, wanted)
    return { ...one, path: `/api/v1/assignments/${one.id}` }
  }
  const begin = async (who: TestClient, assignment: string) =>
    String((await made(who, 'POST', `${assignment}/start`)).sandbox)
  return {
    ...{ instance, other, owner, tess, otto, stranger, ann, ben, outsider, classId, path, places },
    ...{ made, startLesson, newAssignment, begin },
    [Symbol.asyncDispose]: async () => {
      await other[Symbol.asyncDispose]()
      await instance[Symbol.asyncDispose]()
    },
  }
}
export type Classroom = Awaited<ReturnType<typeof openClassroom>>

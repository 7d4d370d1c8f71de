import pg from 'pg'
import { TestClient } from './client.js'
import type { Instance } from './instance.js'
import { sharedInstance } from './shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 128, pids: 64 }
const hourMs = 3_600_000

/** A time from now, as a request gives it. */
export const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString()

/** A class with a teacher and two students, and what tests of exams do with it. */
export type ExamClass = Awaited<ReturnType<typeof openExamClass>>

export async function openExamClass() {
  const instance = await sharedInstance()
  try {
    return await fill(instance)
  } catch (error) {
    await instance[Symbol.asyncDispose]()
    throw error
  }
}

async function fill(instance: Instance) {
  const socket = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
  const database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${socket}` })
  await database.connect()
  const owner = await TestClient.signUp(instance.url, 'head@example.org')
  const made = async (who: TestClient, method: string, path: string, body?: object | string) => {
    const answer = await who.call(method, `/api/v1${path}`, body)
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    }
    return answer.body
  }
  const join = async (name: string, role: string) => {
    const email = `${name}@example.org`
    const client = await TestClient.signUp(instance.url, email)
    const me = await made(client, 'GET', '/me')
    const { url } = await made(owner, 'POST', '/invitations', { email, role })
    await made(client, 'POST', '/invitations/accept', { secret: new URL(url).hash.slice(1) })
    return { client, email, id: String(me.user.id), home: String(me.tenant.id) }
  }
  const tess = await join('tess', 'member')
  const classId = String((await made(owner, 'POST', '/classes', { name: 'Math', timeZone: 'UTC' })).id)
  await made(owner, 'PUT', `/classes/${classId}/staff/${tess.id}`, { role: 'teacher' })
  const pupil = async (name: string) => {
    const one = await join(name, 'student')
    const place = await made(owner, 'POST', `/classes/${classId}/students`, { name, email: one.email })
    return { ...one, place: String(place.id) }
  }
  const [ann, ben] = [await pupil('ann'), await pupil('ben')]
  return {
    ...{ instance, database, owner, tess, ann, ben, classId, made, limits },
    /** One that has been open for an hour and ends in another, unless `body` says otherwise. */
    exam: async (body: object = {}) => {
      const wanted = {
        ...{ title: 'Finals', limits, published: true, network: 'none', exam: {} },
        ...{ opensAt: fromNow(-hourMs), dueAt: fromNow(hourMs), ...body },
      }
      const one = await made(tess.client, 'POST', `/classes/${classId}/assignments`, wanted)
      return { ...one, path: `/assignments/${one.id}` }
    },
    start: async (who: TestClient, path: string) => {
      const { sandbox } = await made(who, 'POST', `${path}/start`)
      const write = (name: string, content: string) =>
        made(who, 'PUT', `/sandboxes/${sandbox}/files?path=${name}`, content)
      return { sandbox: String(sandbox), write }
    },
    /** It ends now for all who have no more time. */
    end: (path: string) => made(tess.client, 'PATCH', path, { dueAt: fromNow(-1) }),
    /** It is as if it had never been: nothing of it binds anybody. */
    remove: (path: string) => made(tess.client, 'DELETE', `${path}?submissions=delete`),
    [Symbol.asyncDispose]: async () => {
      await database.end()
      await instance[Symbol.asyncDispose]()
    },
  }
}

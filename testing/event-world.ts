import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import pg from 'pg'
import { expect } from 'vitest'
import { newId } from '../protocol/api/index.js'
import type { Database } from '../server/database/client.js'
import { TestClient } from './client.js'
import { openTestDatabase } from './database.js'
import { freePort } from './instance.js'
import { openServer } from './server.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }

/** What can be asked on a pool and on a connection of its own. */
type Queries = Pick<Database['pool'], 'query'>

/** The row of a sandbox, without one on any node. @param ownerId the student whose own it is */
export async function insertSandbox(client: Queries, tenantId: string, ownerId = '', assignmentId?: string) {
  const id = newId('sb')
  await client.query(
    `INSERT INTO sandbox (id, "tenantId", "ownerId", "assignmentId", name, template, state, limits, network, isolation, env, metadata)
     VALUES ($1, $2, $3, $4, $1, 'base', 'running', $5, '"none"', 'standard', '{}', '{}')`,
    [id, tenantId, ownerId, assignmentId ?? null, limits],
  )
  return id
}

/** Something that was posted to a receiver. */
export interface Posted {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Where webhooks are sent, on the loopback address. */
export class Receiver implements AsyncDisposable {
  readonly posted: Posted[] = []
  /** What is answered next; 204 when there is nothing left. A promise: what it resolves to, when it does. */
  readonly answers: (number | Promise<number>)[] = []
  #waiting: (() => void)[] = []
  readonly #server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    this.posted.push({ path: request.url ?? '', headers: request.headers, body })
    const answer = this.answers.shift() ?? 204
    for (const wake of this.#waiting.splice(0)) wake()
    response
      .writeHead(await answer, { location: '/elsewhere' })
      .end((await answer) === 204 ? '' : 'no\0thing'.repeat(200))
  })

  static async open(): Promise<Receiver> {
    const receiver = new Receiver()
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`
  }

  /** Resolves when so many were posted. */
  async has(count: number): Promise<void> {
    while (this.posted.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

export type EventWorld = Awaited<ReturnType<typeof openEventWorld>>

/** Two servers on one database, and a receiver. Neither does chores by itself: a test says when. @param suffix of the database */
export async function openEventWorld(suffix: string) {
  const database = await openTestDatabase(suffix)
  const open = async () =>
    openServer({
      ...{ DATABASE_URL: database.url, PORT: String(await freePort()) },
      CLOCHE_CALLBACK_ALLOW: '127.0.0.1',
    })
  const [one, other] = [await open(), await open()]
  const sql = new pg.Pool({ connectionString: database.url, max: 20 })
  const receiver = await Receiver.open()
  let people = 0
  return {
    ...{ one, other, sql, receiver },
    /** An owner of a tenant of their own. */
    person: async () => {
      const email = `someone${++people}@example.org`
      const client = await TestClient.signUp(one.url, email)
      const { user, tenant } = await must(client, 'GET', '/me')
      return { client, email, id: String(user.id), tenantId: String(tenant.id) }
    },
    /** Gives what was committed its positions. */
    place: () => one.parts.events.place(),
    [Symbol.asyncDispose]: async () => {
      await receiver[Symbol.asyncDispose]()
      await sql.end()
      await other[Symbol.asyncDispose]()
      await one[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** What a call answers that must succeed. @param path below `/api/v1` */
export async function must(who: TestClient, method: string, path: string, body?: object) {
  const answer = await who.call(method, `/api/v1${path}`, body)
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

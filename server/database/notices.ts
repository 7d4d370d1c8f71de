import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { z } from 'zod'
import { present } from '../../protocol/api/index.js'

/** What one server tells all of them, itself included. Triggers of the database send most of it, with the change itself. */
const notice = z.discriminatedUnion('type', [
  /** A session, a key or a person lost access or got another. */
  z.object({
    type: z.literal('access'),
    sessionId: z.string().optional(),
    keyId: z.string().optional(),
    userId: z.string().optional(),
    tenantId: z.string().optional(),
  }),
  /** Quota or pause of a tenant. */
  z.object({ type: z.literal('tenant'), id: z.string() }),
  /** Templates of a tenant's own. */
  z.object({ type: z.literal('templates'), id: z.string() }),
  /** A sandbox was deleted. */
  z.object({ type: z.literal('sandbox'), id: z.string() }),
  /** Who may open a port of a sandbox. */
  z.object({ type: z.literal('port'), id: z.string(), port: z.number() }),
  /** With whom a sandbox is shared. */
  z.object({ type: z.literal('share'), id: z.string() }),
  /** Somebody has a workspace open at a server, or not any more; and a server asks who does. */
  z.object({ type: z.literal('came'), id: z.string(), server: z.string(), person: present }),
  z.object({ type: z.literal('went'), id: z.string(), server: z.string(), person: z.string() }),
  z.object({ type: z.literal('who_is'), id: z.string(), server: z.string() }),
  /** A piece of a frame of a window, for windows at other servers. */
  z.object({
    ...{ type: z.literal('told'), id: z.string(), server: z.string(), from: z.string() },
    ...{ frame: z.number(), part: z.int().min(0), parts: z.int().min(1).max(64), text: z.string() },
  }),
  /** A sandbox was put to sleep because it was idle, or has been woken. */
  z.object({ type: z.literal('asleep'), id: z.string(), asleep: z.boolean() }),
  /** Something of a live lesson changed. `hand`: a student raised or lowered theirs, and nothing else. */
  z.object({ type: z.literal('lesson'), id: z.string(), hand: z.boolean().optional() }),
  /** Events of a tenant have their positions. */
  z.object({ type: z.literal('events'), id: z.string() }),
  /** Runs wait, and whoever has a free place may take them. */
  z.object({ type: z.literal('runs') }),
  /** The same of gradings. */
  z.object({ type: z.literal('gradings') }),
  /** A run was begun, has ended or was canceled, or more of what somebody follows was told. */
  z.object({ type: z.literal('run'), id: z.string(), ended: z.boolean().optional() }),
  /** A client of the Model Context Protocol has cancelled a call of its own. */
  z.object({
    ...{ type: z.literal('mcp_cancel'), keyId: z.string(), session: z.string() },
    request: z.union([z.string(), z.number()]),
  }),
  /** Somebody follows a run: whoever performs it writes down what happens in it. */
  z.object({ type: z.literal('follow'), id: z.string() }),
])
export type Notice = z.infer<typeof notice>

interface Events {
  /** Something was told. */
  notice: [Notice]
  /** Nobody knows what was told in between: whatever rests on it is dropped. */
  missed: []
}

const channel = 'cloche'

/** Tells all servers. On any connection: it is told when the transaction ends well. */
export async function tell(pool: pg.Pool, told: Notice): Promise<void> {
  await tellAll(pool, [told])
}

/** The same with several, in their order. Of two that are the same PostgreSQL tells one. */
export async function tellAll(pool: pg.Pool, told: readonly Notice[]): Promise<void> {
  const text = `SELECT pg_notify('${channel}', one) FROM unnest($1::text[]) AS one`
  await pool.query({ name: 'tell', text, values: [told.map((one) => JSON.stringify(one))] })
}
const reconnectMs = 500
/** A connection whose other end is gone without a word is noticed within two of these. */
const probeMs = 5000

/**
 * Listens to what other servers have changed, on a connection of its own. While it is broken caches live by their own
 * expiry; when it is back, `missed` says that everything cached is to be dropped.
 *
 * `LISTEN` belongs to a session: a connection pooler between here and PostgreSQL must not pool by transaction.
 */
export class Notices extends EventEmitter<Events> implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #loop: Promise<void>
  #client: pg.Client | undefined

  constructor(
    private readonly url: string,
    private readonly log: Logger,
  ) {
    super()
    this.setMaxListeners(0)
    this.#loop = this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#client?.end().catch(() => {}) // it is gone already
    await this.#loop
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stop
    for (let first = true; !signal.aborted; first = false) {
      try {
        await this.#session(first)
      } catch (error) {
        if (signal.aborted) return
        this.log.warn({ err: error }, 'notices of the database are not heard; listening again')
      }
      await sleep(reconnectMs, undefined, { signal, ref: false }).catch(() => {}) // aborted: the end
    }
  }

  /** One connection, until it breaks. */
  async #session(first: boolean): Promise<void> {
    const client = new pg.Client({
      ...{ connectionString: this.url, keepAlive: true, application_name: 'cloche notices' },
      ...{ connectionTimeoutMillis: probeMs, query_timeout: probeMs },
    })
    this.#client = client
    let failure: Error | undefined
    let wake = () => {}
    const broke = (error: Error) => {
      failure ??= error
      wake()
    }
    client.on('error', broke).once('end', () => broke(new Error('the connection was closed')))
    try {
      await client.connect()
      client.on('notification', ({ payload }) => this.#hear(payload ?? ''))
      await client.query(`LISTEN ${channel}`)
      if (!first) this.emit('missed')
      while (failure === undefined) {
        await new Promise<void>((resolve) => {
          const probe = setTimeout(resolve, probeMs).unref()
          wake = () => {
            clearTimeout(probe)
            resolve()
          }
        })
        await client.query('SELECT 1')
      }
      throw failure
    } finally {
      await client.end().catch(() => {}) // it is broken
    }
  }

  #hear(payload: string): void {
    const told = notice.safeParse(safeJson(payload))
    // A newer server may say what this one does not know.
    if (told.success) this.emit('notice', told.data)
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // anybody with the database's password can write here
  }
}

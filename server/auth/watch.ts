import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import { repeat } from '../schedule.js'
import type { Principal, Principals } from './principal.js'
import { isLess, seenOwners } from './sight.js'

/** Access that ended without a notice, such as a key that expired, is noticed within this time. */
const everyMs = 5000

const graceMs = 1000

/** A socket, or an answer that is still being written. */
interface Open {
  readonly principal: Principal
  readonly since: number
  end(): void
}

/** Which of the pairs in $1 (sessions) or $2 (keys) and tenants $3 still give access, and as much as the role ($4) that they had. */
const valid = `
  SELECT asked.at FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS asked(session, key, tenant, role, at)
  WHERE EXISTS (
    SELECT FROM session JOIN member ON member."userId" = session."userId" AND member."tenantId" = asked.tenant
    WHERE session.id = asked.session AND session."expiresAt" > now() AT TIME ZONE 'UTC'
      AND (member.role = asked.role OR (asked.role <> 'student' AND member.role IN ('owner', 'admin')))
  ) OR EXISTS (
    SELECT FROM api_key WHERE id = asked.key AND "tenantId" = asked.tenant
      AND ("expiresAt" IS NULL OR "expiresAt" > now() AT TIME ZONE 'UTC')
      AND ("createdById" IS NULL OR EXISTS (
        SELECT FROM member WHERE member."userId" = "createdById" AND member."tenantId" = asked.tenant
          AND (member.role IN ('owner', 'admin') OR (member.role = 'member' AND asked.role <> 'admin'))))
  )`

/** What a key may see is decided by whoever made it. */
const rankOf = ({ kind, role, sight }: Principal) => (kind === 'key' && sight.of === null ? 'admin' : role)

/**
 * Ends what stays open for longer than a call when the session, the key or the membership behind it ends: sockets with
 * their terminals, commands whose output is being sent, uploads. At once whichever server made the change, and
 * within seconds while notices are not heard.
 */
export class AccessWatch implements AsyncDisposable {
  readonly #open = new Set<Open>()
  readonly #chore: AsyncDisposable
  readonly #unsubscribe: () => void
  /** Somebody's access changed since the check that is under way began. */
  #again = false
  #checking = false

  constructor(
    private readonly database: Database,
    principals: Principals,
    log: Logger,
  ) {
    this.#chore = repeat('ending what is open without access', everyMs, log, () => this.check(everyMs))
    this.#unsubscribe = principals.onChange(() => {
      this.#checkAll().catch((error: unknown) => log.warn({ error }, 'access is checked again in seconds'))
    })
  }

  /** @returns to be called when it has ended by itself */
  add(principal: Principal, end: () => void): () => void {
    const one = { principal, since: performance.now(), end }
    this.#open.add(one)
    return () => this.#open.delete(one)
  }

  /** Watches every call of a scope in which `principal` is known before this hook. */
  watchCalls(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      const ended = this.add(request.principal, () => {
        // Whoever leaves a tenant still hears that it is done.
        setTimeout(() => {
          if (!reply.raw.writableFinished) reply.raw.destroy()
        }, graceMs)
      })
      reply.raw.once('close', ended)
    })
  }

  /** Many changes at once, as when a class leaves, are one check or two. */
  async #checkAll(): Promise<void> {
    this.#again = true
    if (this.#checking) return
    this.#checking = true
    try {
      while (this.#again) {
        this.#again = false
        await this.check(0)
      }
    } finally {
      this.#checking = false
    }
  }

  /** @param ageMs younger ones were identified just now */
  async check(ageMs: number): Promise<void> {
    const before = performance.now() - ageMs
    const asked = [...this.#open].filter(({ since }) => since <= before)
    if (asked.length === 0) return
    const { rows } = await this.database.pool.query({
      ...{ name: 'valid-access', text: valid },
      values: [
        asked.map(({ principal }) => principal.sessionId),
        asked.map(({ principal }) => principal.keyId),
        asked.map(({ principal }) => principal.tenantId),
        asked.map(({ principal }) => rankOf(principal)),
      ],
    })
    const good = new Set(rows.map((row) => Number(row.at) - 1))
    await this.#look(asked, good)
    for (const [at, one] of asked.entries()) {
      if (good.has(at) || !this.#open.delete(one)) continue
      one.end()
    }
  }

  /** What is open goes on with more students of a class than before, and not with fewer. */
  async #look(asked: readonly Open[], good: Set<number>): Promise<void> {
    const members = asked.flatMap(({ principal: { tenantId, sight } }, at) =>
      sight.of === null ? [] : [{ at, tenantId, sight, userId: sight.of }],
    )
    if (members.length === 0) return
    const seen = await seenOwners(this.database.pool, members)
    for (const [index, { at, sight }] of members.entries()) {
      const now = seen[index] ?? null
      if (isLess(sight.owners, now)) good.delete(at)
      sight.owners = now
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    await this.#chore[Symbol.asyncDispose]()
  }
}

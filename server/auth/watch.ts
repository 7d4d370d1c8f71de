import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Database } from '../database/client.js'
import { repeat } from '../schedule.js'
import { examsNow, examsOf, nextBoundary } from './exams.js'
import type { Principal, Principals } from './principal.js'
import { seenOwners } from './sight.js'

/** Access that ended without a notice, such as a key that expired, is noticed within this time. */
const everyMs = 5000

const graceMs = 1000

/** A socket, what is open on one, or an answer that is still being written. */
interface Open {
  readonly principal: Principal
  readonly since: number
  /** What it shows: the id of a sandbox, snapshot, run or schedule. Without it, nothing of a student. */
  readonly about: string | undefined
  /** Whose work the caller saw when it began. What is open by a share of somebody else's is `Guests`' to end. */
  readonly seen: ReadonlySet<string> | null
  /** The exams that the caller wrote when it began. */
  readonly writing: string
  /** @param now that it ends before whoever has it open hears that */
  end(now: boolean): void
}

/**
 * Which of the pairs in $1 (sessions) or $2 (keys) and tenants $3 still give access, and as much as the role ($4) that they had. What
 * comes by SSH ($5) needs its connection as well.
 */
const valid = `
  SELECT asked.at FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    WITH ORDINALITY AS asked(session, key, tenant, role, ssh, at)
  WHERE (asked.ssh IS NULL OR EXISTS (
    SELECT FROM ssh_session WHERE id = asked.ssh AND "expiresAt" > now() AT TIME ZONE 'UTC'
  )) AND (EXISTS (
    SELECT FROM session JOIN member ON member."userId" = session."userId" AND member."tenantId" = asked.tenant
    WHERE session.id = asked.session AND session."expiresAt" > now() AT TIME ZONE 'UTC'
      AND (member.role = asked.role OR (asked.role <> 'student' AND member.role IN ('owner', 'admin')))
  ) OR EXISTS (
    SELECT FROM api_key WHERE id = asked.key AND "tenantId" = asked.tenant
      AND ("expiresAt" IS NULL OR "expiresAt" > now() AT TIME ZONE 'UTC')
      AND ("createdById" IS NULL OR EXISTS (
        SELECT FROM member WHERE member."userId" = "createdById" AND member."tenantId" = asked.tenant
          AND (member.role IN ('owner', 'admin') OR (member.role = 'member' AND asked.role <> 'admin'))))
  ) OR EXISTS (
    SELECT FROM ssh_session AS ssh JOIN member ON member."userId" = ssh."userId" AND member."tenantId" = asked.tenant
    WHERE ssh.id = asked.ssh
      AND (member.role = asked.role OR (asked.role <> 'student' AND member.role IN ('owner', 'admin')))
  ))`

/** Whose things are. Of what is not one of these, or is gone, there is nothing. */
const ownersOf = ['sandbox', 'snapshot', 'run', 'schedule']
  .map((table) => `SELECT id, "ownerId" FROM ${table} WHERE id = ANY($1) AND "ownerId" <> ''`)
  .join(' UNION ALL ')

const named = z.object({ id: z.string() })

/** What a key may see is decided by whoever made it. */
const rankOf = ({ kind, role, sight }: Principal) => (kind === 'key' && sight.of === null ? 'admin' : role)

/** What is open in an exam is not open before or after it, and what is open outside is not open in it. */
const writing = (principal: Principal): string =>
  examsNow(principal)
    .map(({ assignmentId }) => assignmentId)
    .toSorted()
    .join(' ')

/** Who sees by the classes they teach in. */
const memberOf = ({ tenantId, sight }: Principal): string | undefined =>
  sight.of === null ? undefined : `${tenantId} ${sight.of}`

/**
 * Ends what stays open for longer than a call when the session, the key or the membership behind it ends: sockets with
 * their terminals, commands whose output is being sent, uploads. Of somebody who teaches a student no more it ends what shows
 * the work of that student, and nothing else. Of somebody whose exam begins or ends it ends everything. At once whichever server
 * made the change, and within seconds while notices are not heard.
 */
export class AccessWatch implements AsyncDisposable {
  readonly #open = new Set<Open>()
  readonly #chore: AsyncDisposable
  readonly #unsubscribe: () => void
  /** When the next exam begins or ends of somebody who has something open. */
  #boundary: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined
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

  /**
   * @param about what it shows, where it may be a student's: it ends when whoever has it open does not see that student any more
   * @returns to be called when it has ended by itself
   */
  add(principal: Principal, end: Open['end'], about?: string): () => void {
    const seen = principal.sight.owners
    const one = { principal, since: performance.now(), about, seen, writing: writing(principal), end }
    this.#open.add(one)
    this.#wakeAt(nextBoundary(principal))
    return () => this.#open.delete(one)
  }

  /** Watches every call of a scope in which `principal` is known before this hook. */
  watchCalls(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      const end = () => {
        if (!reply.raw.writableFinished) reply.raw.destroy()
      }
      const ended = this.add(
        request.principal,
        // Whoever leaves a tenant still hears that it is done.
        (now) => (now ? end() : void setTimeout(end, graceMs)),
        named.safeParse(request.params).data?.id,
      )
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
        asked.map(({ principal }) => principal.ssh?.id ?? null),
      ],
    })
    const good = new Set(rows.map((row) => Number(row.at) - 1))
    for (const [at, one] of asked.entries()) if (!good.has(at)) this.#end(one, false)
    await this.#look()
    await this.#examine()
  }

  /** Looks up the exams of whoever has something open, and ends what an exam has closed. */
  async #examine(): Promise<void> {
    const people = new Set([...this.#open].flatMap(({ principal }) => principal.sight.exams.of ?? []))
    if (people.size === 0) return
    const found = await examsOf(this.database.pool, [...people])
    for (const { principal } of this.#open) {
      const { exams } = principal.sight
      // Whoever came meanwhile was looked up just now.
      if (exams.of !== null && people.has(exams.of)) exams.all = found.get(exams.of) ?? []
    }
    this.#endExams()
  }

  #endExams(): void {
    for (const one of [...this.#open]) {
      if (writing(one.principal) !== one.writing) this.#end(one, true)
      else this.#wakeAt(nextBoundary(one.principal))
    }
  }

  #wakeAt(at: number | undefined): void {
    if (at === undefined || (this.#boundary !== undefined && this.#boundary.at <= at)) return
    const inMs = at - Date.now()
    // By then it is looked up again.
    if (inMs > 2 * everyMs) return
    clearTimeout(this.#boundary?.timer)
    const wake = () => {
      this.#boundary = undefined
      this.#endExams()
    }
    this.#boundary = { at, timer: setTimeout(wake, Math.max(1, inMs + 1)).unref() }
  }

  /** What shows the work of students ends with the sight of these; everything else goes on. */
  async #look(): Promise<void> {
    const members = new Map<string, { tenantId: string; userId: string }>()
    for (const { principal } of this.#open) {
      const key = memberOf(principal)
      if (key !== undefined)
        members.set(key, { tenantId: principal.tenantId, userId: principal.sight.of ?? '' })
    }
    if (members.size === 0) return
    const seen = await seenOwners(this.database.pool, [...members.values()])
    const now = new Map([...members.keys()].map((key, at) => [key, seen[at] ?? null]))
    // With those that have begun meanwhile, with what was seen before.
    const shown = [...this.#open].filter(({ principal }) => now.has(memberOf(principal) ?? ''))
    for (const { principal } of shown) principal.sight.owners = now.get(memberOf(principal) ?? '') ?? null
    const ids = shown.flatMap(({ about, principal }) =>
      about === undefined || principal.sight.owners === null ? [] : [about],
    )
    if (ids.length === 0) return
    const { rows } = await this.database.pool.query<{ id: string; ownerId: string }>({
      ...{ name: 'owners-of-open', text: ownersOf, values: [ids] },
    })
    const owners = new Map(rows.map(({ id, ownerId }) => [id, ownerId]))
    for (const one of shown) {
      const owner = owners.get(one.about ?? '')
      const was = owner !== undefined && (one.seen === null || one.seen.has(owner))
      if (was && now.get(memberOf(one.principal) ?? '')?.has(owner) === false) this.#end(one, true)
    }
  }

  #end(one: Open, now: boolean): void {
    if (this.#open.delete(one)) one.end(now)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    clearTimeout(this.#boundary?.timer)
    await this.#chore[Symbol.asyncDispose]()
  }
}

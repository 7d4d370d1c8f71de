import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import { newId } from '../../protocol/api/index.js'
import { examsNow } from '../auth/exams.js'
import { ownerIdOf } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'

/** A server that has not said for so long that it is still at it died. */
const leaseSeconds = 10
const renewMs = 3000
/** After these nobody knows what was made: the key keeps its id, and the next try continues with it. */
const unknownEnds = new Set(['runtime_unavailable', 'database_unavailable', 'internal'])

const lease = `now() AT TIME ZONE 'UTC' + interval '${leaseSeconds} seconds'`
const place = `
  INSERT INTO idempotency AS known ("tenantId", key, request, target, holder, "heldUntil") VALUES ($1, $2, $3, $4, $5, ${lease})
  ON CONFLICT ("tenantId", key) DO UPDATE SET "heldUntil" = ${lease}, holder = excluded.holder,
    target = coalesce(known.target, excluded.target)
  WHERE known.status IS NULL AND known.request = excluded.request
    AND (known."heldUntil" IS NULL OR known."heldUntil" < now() AT TIME ZONE 'UTC')
  RETURNING target, target <> $4 AS again`

/** What is made for a key. */
interface Making<T> {
  /** Chosen before anything is made, and in the database before `make` is called. */
  readonly id: string
  make(id: string): Promise<T>
  /** An earlier try with this id died somewhere on the way: finds what it made, or makes what is missing. */
  resume(id: string): Promise<T>
}

/** `once` on a server's database. */
export type Once = <T extends object>(
  request: FastifyRequest,
  key: string | undefined,
  schema: z.ZodType<T>,
  making: Making<T>,
) => Promise<T>

/**
 * The same key of two students stands for two things: neither meets what the other has made. No id is `staff`, so that a
 * key with a space that staff send is no student's; one without is as it was sent. An API key with limits meets what it has made
 * itself, and nothing else. Of what was made before an exam nothing is answered in it.
 */
export function ownKey(
  who: Pick<Principal, 'userId' | 'role' | 'tenantId' | 'sight' | 'keyId' | 'keyLimits'>,
  key: string,
): string {
  const exam = examsNow(who)
    .map(({ assignmentId }) => `${assignmentId} `)
    .join('')
  if (who.role === 'student') return `${ownerIdOf(who)} ${exam}${key}`
  if (who.keyLimits !== null) return `${who.keyId} ${key}`
  return key.includes(' ') ? `staff ${key}` : key
}

/**
 * Does what a request asks for once, however often it is sent with the same `Idempotency-Key`: whoever asks again gets
 * the first answer. A try that was refused is forgotten and may be repeated; one whose server died is continued under
 * the id that it had chosen.
 *
 * @param key undefined: just do it
 * @throws ApiError `conflict` while the first try is under way, `invalid_request` when the key came with another request
 */
export async function once<T extends object>(
  database: Database,
  request: FastifyRequest,
  key: string | undefined,
  schema: z.ZodType<T>,
  making: Making<T>,
): Promise<T> {
  if (key === undefined) return making.make(making.id)
  const { prisma, pool } = database
  const { tenantId } = request.principal
  key = ownKey(request.principal, key)
  const fingerprint = sha256(`${request.method} ${request.url} ${JSON.stringify(request.body)}`)
  const holder = newId('tr')
  const { rows } = await pool.query(place, [tenantId, key, fingerprint, making.id, holder])
  if (rows[0] === undefined) {
    const first = await prisma.idempotency.findUnique({ where: { tenantId_key: { tenantId, key } } })
    if (first !== null && first.request !== fingerprint) {
      throw new ApiError(
        'invalid_request',
        'this Idempotency-Key was used with a different request; use a new key',
      )
    }
    if (first === null || first.status === null) {
      throw new ApiError(
        'conflict',
        'the first request with this Idempotency-Key is still in progress; try again',
        1,
      )
    }
    return schema.parse(first.response)
  }
  // Should this server hang for longer than its lease, the key is another try's by then, and stays as that one leaves it.
  const where = { tenantId, key, holder }
  const { target, again } = rows[0]
  const hold = (until: string) =>
    pool.query(
      `UPDATE idempotency SET "heldUntil" = ${until} WHERE "tenantId" = $1 AND key = $2 AND holder = $3 AND status IS NULL`,
      [tenantId, key, holder],
    )
  const ended = new AbortController()
  void renew(() => hold(lease), ended.signal)
  try {
    const response = await (again ? making.resume(target) : making.make(target))
    await prisma.idempotency.updateMany({
      where,
      data: { status: 201, response: JSON.parse(JSON.stringify(response)) },
    })
    return response
  } catch (error) {
    if (error instanceof ApiError && !unknownEnds.has(error.code))
      await prisma.idempotency.deleteMany({ where })
    else await hold('NULL').catch(() => {}) // then it is free when the lease is over
    throw error
  } finally {
    ended.abort()
  }
}

/** Holds again and again. A database that is away now is asked again in three seconds. */
async function renew(hold: () => Promise<unknown>, ended: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(renewMs, undefined, { signal: ended, ref: false }).catch(() => {})
    if (ended.aborted) return
    await hold().catch(() => {})
  }
}

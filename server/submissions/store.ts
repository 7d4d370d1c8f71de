import type pg from 'pg'
import { submissionBounds } from '../../protocol/api/index.js'
import { addEvent } from '../assignments/attempts.js'
import { ApiError, notFound } from '../errors.js'
import { newGradingId } from './grading-id.js'
import { digestOfAll, inOrder, type Taken, type TakenFile } from './read.js'

/** What is handed in, by whom, for what. */
export interface Handed {
  readonly id: string
  readonly tenantId: string
  readonly assignmentId: string
  readonly userId: string
  readonly name: string
  /** When it was asked for. */
  readonly at: Date
  /** Of the entry in the audit log. */
  readonly actor: string
  readonly title: string
  /** Its tests are to be run. */
  readonly isGraded: boolean
  /** It is told with what happened in the exam. */
  readonly isExam: boolean
  /** At the end of an exam: what was handed in last is not handed in again, however long ago that was. */
  readonly automatic: boolean
}

/** The same content again within this time is the same submission: of an impatient hand, or of two browsers. */
const sameWithinMs = 60_000
/** Sent at once: what PostgreSQL is sent of a content is twice as long. */
const batchBytes = 1024 * 1024

/**
 * Writes a submission down, in one transaction: it is there with everything, or it is not there.
 * @returns its id; that of the one before, when it is the same
 * @throws ApiError `quota_exceeded`; `not_found` when the assignment was deleted meanwhile
 */
export async function storeSubmission(client: pg.PoolClient, handed: Handed, taken: Taken): Promise<string> {
  const { id, tenantId, assignmentId, userId, at } = handed
  const locked = await client.query(
    'SELECT FROM assignment_work WHERE "assignmentId" = $1 AND "userId" = $2 FOR UPDATE',
    [assignmentId, userId],
  )
  if (locked.rowCount === 0) throw notFound('assignment')
  const digest = digestOfAll(taken.files)
  const { rows } = await client.query<{ id: string; number: number; at: Date; digest: string }>(
    'SELECT id, number, at, digest FROM submission WHERE "assignmentId" = $1 AND "userId" = $2 ORDER BY number DESC LIMIT 1',
    [assignmentId, userId],
  )
  const [last] = rows
  const isRecent = last !== undefined && Math.abs(at.getTime() - last.at.getTime()) < sameWithinMs
  if (last?.digest === digest && (isRecent || handed.automatic)) return last.id
  const number = (last?.number ?? 0) + 1
  if (number > submissionBounds.ofStudent) {
    throw new ApiError(
      'quota_exceeded',
      `${submissionBounds.ofStudent} submissions of one student for an assignment are stored at most; ask your teacher, who can make a copy of the assignment`,
    )
  }
  const missing = await missingOf(client, tenantId, taken.files)
  const newBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  await assertRoom(client, handed, newBytes)
  await insertBlobs(client, tenantId, missing)
  await client.query(
    `INSERT INTO submission (id, "tenantId", "assignmentId", "userId", "studentName", number, at, digest, files, bytes,
       "newBytes", "leftOut", "leftOutCount")
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      ...[
        id,
        tenantId,
        assignmentId,
        userId,
        handed.name,
        number,
        at,
        digest,
        taken.files.length,
        taken.bytes,
      ],
      ...[newBytes, JSON.stringify(taken.leftOut), taken.leftOutCount],
    ],
  )
  await insertFiles(client, 'submission_file ("submissionId"', id, tenantId, taken.files)
  await client.query(
    `INSERT INTO audit_event ("tenantId", at, actor, action, target, detail)
     VALUES ($1, now() AT TIME ZONE 'UTC', $2, 'submission.create', $3, $4)`,
    [tenantId, handed.actor, id, JSON.stringify({ title: handed.title, number, digest })],
  )
  if (handed.isExam && !handed.automatic) {
    const detail = { submission: id }
    await addEvent(client, { tenantId, assignmentId, userId, type: 'submit', detail })
  }
  if (handed.isGraded) {
    await client.query(
      `INSERT INTO grading (id, "tenantId", "submissionId", state, "createdBy", "createdAt")
       VALUES (${newGradingId}, $1, $2, 'queued', $3, now() AT TIME ZONE 'UTC')`,
      [tenantId, id, handed.actor],
    )
  }
  return id
}

/** @param into the table, and its column for `id` */
export async function insertFiles(
  client: pg.PoolClient,
  into: 'submission_file ("submissionId"' | 'exam_snapshot_file ("snapshotId"',
  id: string,
  tenantId: string,
  taken: readonly TakenFile[],
): Promise<void> {
  const files = inOrder(taken)
  await client.query(
    `INSERT INTO ${into}, position, "tenantId", path, executable, target, digest, blob)
     SELECT $1, position - 1, $2, path, executable, target, digest, CASE WHEN target IS NULL THEN digest END
     FROM unnest($3::TEXT[], $4::BOOLEAN[], $5::TEXT[], $6::TEXT[]) WITH ORDINALITY
       AS file(path, executable, target, digest, position)`,
    [
      ...[id, tenantId, files.map(({ path }) => path), files.map(({ executable }) => executable)],
      ...[files.map(({ target }) => target), files.map((file) => file.digest)],
    ],
  )
}

/** Contents that the tenant does not have. Those that it has stay until the transaction ends. In the order of digests: two never wait for each other. */
export async function missingOf(
  client: pg.PoolClient,
  tenantId: string,
  files: readonly TakenFile[],
): Promise<TakenFile[]> {
  const wanted = new Map(files.filter(({ target }) => target === null).map((file) => [file.digest, file]))
  const { rows } = await client.query<{ digest: string }>(
    'SELECT digest FROM submission_blob WHERE "tenantId" = $1 AND digest = ANY($2) ORDER BY digest FOR KEY SHARE',
    [tenantId, [...wanted.keys()]],
  )
  for (const { digest } of rows) wanted.delete(digest)
  return [...wanted.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
}

/** @throws ApiError `quota_exceeded` */
async function assertRoom(
  client: pg.PoolClient,
  { tenantId, userId }: Handed,
  newBytes: number,
): Promise<void> {
  const { rows } = await client.query<{ own: string; all: string }>(
    `SELECT (SELECT coalesce(sum("newBytes"), 0) FROM submission WHERE "tenantId" = $1 AND "userId" = $2) AS own,
       (SELECT coalesce(sum("sizeBytes"), 0) FROM submission_blob WHERE "tenantId" = $1) AS "all"`,
    [tenantId, userId],
  )
  const { own = '0', all = '0' } = rows[0] ?? {}
  const { studentBytes, tenantBytes } = submissionBounds
  if (Number(own) + newBytes > studentBytes) {
    throw new ApiError(
      'quota_exceeded',
      `the submissions of one student take ${studentBytes / 1024 ** 2} MiB at most; hand in less at a time`,
    )
  }
  if (Number(all) + newBytes > tenantBytes) {
    throw new ApiError(
      'quota_exceeded',
      `the submissions of a tenant take ${tenantBytes / 1024 ** 3} GiB at most; your teacher can delete old assignments`,
    )
  }
}

export async function insertBlobs(
  client: pg.PoolClient,
  tenantId: string,
  blobs: readonly TakenFile[],
): Promise<void> {
  for (let at = 0; at < blobs.length; ) {
    const some: TakenFile[] = []
    for (let bytes = 0; at < blobs.length && (some.length === 0 || bytes < batchBytes); at++) {
      const blob = blobs[at]
      if (blob === undefined) break
      some.push(blob)
      bytes += blob.sizeBytes
    }
    await client.query(
      `INSERT INTO submission_blob ("tenantId", digest, "sizeBytes", content)
       SELECT $1, * FROM unnest($2::TEXT[], $3::INTEGER[], $4::BYTEA[]) ON CONFLICT DO NOTHING`,
      [
        ...[tenantId, some.map(({ digest }) => digest), some.map(({ sizeBytes }) => sizeBytes)],
        some.map(({ content }) => content),
      ],
    )
  }
}

/**
 * Removes contents that no submission and no snapshot of an exam names any more, some at a time. One that is named at this moment is locked, and skipped.
 * One that was named since the look makes the statement fail, and is left for the next time.
 */
export async function forgetBlobs(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `DELETE FROM submission_blob WHERE ("tenantId", digest) IN (
         SELECT "tenantId", digest FROM submission_blob AS one WHERE NOT EXISTS (
           SELECT FROM submission_file WHERE "tenantId" = one."tenantId" AND blob = one.digest)
           AND NOT EXISTS (SELECT FROM exam_snapshot_file WHERE "tenantId" = one."tenantId" AND blob = one.digest)
         LIMIT 200 FOR UPDATE SKIP LOCKED)`,
    )
    if ((rowCount ?? 0) < 200) return
  }
}

import type pg from 'pg'
import type { Logger } from 'pino'
import { newId, submissionBounds } from '../../protocol/api/index.js'
import { examPrincipal, joinEnd, ownEnd } from '../assignments/attempts.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { HomeReader } from '../submissions/home.js'
import { digestOfAll, type Taken } from '../submissions/read.js'
import { insertBlobs, insertFiles, missingOf } from '../submissions/store.js'

/** At the same time, at one server. */
const atOnce = 2
const everySeconds = 60
/** Of the last minutes every snapshot is kept, of those before one in as many minutes. */
const recentMinutes = 10
/** Of one student in one exam, of what was not stored before. */
const studentBytes = 64 * 1024 * 1024
/** The other half of the room of a tenant for what is handed in is not for snapshots. */
const tenantBytes = submissionBounds.tenantBytes / 2

const now = `now() AT TIME ZONE 'UTC'`

/**
 * Takes those who work in an exam and whom nobody has looked at for a minute. Where nothing was done in the sandbox since, there is
 * nothing to look at. A server that dies afterwards loses one look, and the next comes in a minute.
 */
const take = `
  UPDATE exam_attempt AS one SET "lookedAt" = ${now}
  FROM (
    SELECT attempt."assignmentId", attempt."userId", work."sandboxId", task.title FROM exam_attempt AS attempt ${joinEnd}
    JOIN assignment_work AS work
      ON work."assignmentId" = attempt."assignmentId" AND work."userId" = attempt."userId" AND work.ready
    JOIN sandbox ON sandbox.id = work."sandboxId" AND sandbox."deletedAt" IS NULL
    WHERE attempt.state = 'open' AND task.exam IS NOT NULL AND ${ownEnd} > ${now}
      AND (attempt."lookedAt" IS NULL OR attempt."lookedAt" < ${now} - interval '${everySeconds} seconds')
      AND (attempt."lookedAt" IS NULL OR sandbox."activeAt" > attempt."lookedAt" - interval '${everySeconds} seconds')
    ORDER BY attempt."lookedAt" NULLS FIRST LIMIT $1 FOR UPDATE OF attempt SKIP LOCKED
  ) AS found
  WHERE one."assignmentId" = found."assignmentId" AND one."userId" = found."userId"
  RETURNING one."assignmentId", one."userId", one."tenantId", found."sandboxId", found.title`

/** Those before the recent ones: of each stretch of time the last stays. */
const thin = `
  DELETE FROM exam_snapshot WHERE "assignmentId" = $1 AND "userId" = $2
    AND at < ${now} - interval '${recentMinutes} minutes'
    AND id NOT IN (
      SELECT DISTINCT ON (floor(extract(epoch FROM at) / ${60 * recentMinutes})) id FROM exam_snapshot
      WHERE "assignmentId" = $1 AND "userId" = $2
      ORDER BY floor(extract(epoch FROM at) / ${60 * recentMinutes}), at DESC, id)`

interface Row {
  readonly assignmentId: string
  readonly userId: string
  readonly tenantId: string
  readonly sandboxId: string
  readonly title: string
}

/** Keeps what students have while they write an exam, about every minute. */
export class ExamKeeper {
  /** How many are read here. */
  #reading = 0

  constructor(
    private readonly database: Database,
    private readonly homes: HomeReader,
    private readonly log: Logger,
  ) {}

  /** Answers when those are kept that it has begun with. */
  async look(): Promise<void> {
    const room = atOnce - this.#reading
    if (room <= 0) return
    const { rows } = await this.database.pool.query<Row>(take, [room])
    await Promise.all(rows.map((row) => this.#keep(row)))
  }

  async #keep(row: Row): Promise<void> {
    this.#reading++
    try {
      const who = examPrincipal(row.tenantId, row.title)
      const taken = await this.homes.read(who, row.sandboxId, row.assignmentId)
      if (taken.files.length === 0) return
      await inTransaction(this.database.pool, (client) => store(client, row, taken))
    } catch (error) {
      // A node that is away, and what is too large to be handed in, is looked at again in a minute.
      if (!(error instanceof ApiError)) this.log.error({ error, row }, 'a snapshot of an exam was not kept')
    } finally {
      this.#reading--
    }
  }
}

/** Nothing where it is the same as the last one, and where there is no room. */
async function store(client: pg.PoolClient, row: Row, taken: Taken): Promise<void> {
  const { assignmentId, userId, tenantId } = row
  const of = [assignmentId, userId]
  const held = await client.query(
    `SELECT FROM exam_attempt WHERE "assignmentId" = $1 AND "userId" = $2 AND state = 'open' FOR UPDATE`,
    of,
  )
  if (held.rowCount === 0) return
  const digest = digestOfAll(taken.files)
  const { rows } = await client.query<{ digest: string }>(
    'SELECT digest FROM exam_snapshot WHERE "assignmentId" = $1 AND "userId" = $2 ORDER BY at DESC LIMIT 1',
    of,
  )
  if (rows[0]?.digest === digest) return
  await client.query(thin, of)
  const missing = await missingOf(client, tenantId, taken.files)
  const newBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const { rows: sums } = await client.query<{ own: string; all: string }>(
    `SELECT (SELECT coalesce(sum("newBytes"), 0) FROM exam_snapshot WHERE "assignmentId" = $1 AND "userId" = $2) AS own,
       (SELECT coalesce(sum("sizeBytes"), 0) FROM submission_blob WHERE "tenantId" = $3) AS "all"`,
    [...of, tenantId],
  )
  const { own = '0', all = '0' } = sums[0] ?? {}
  if (Number(own) + newBytes > studentBytes || Number(all) + newBytes > tenantBytes) return
  await insertBlobs(client, tenantId, missing)
  const id = newId('ek')
  await client.query(
    `INSERT INTO exam_snapshot (id, "tenantId", "assignmentId", "userId", at, digest, files, bytes, "newBytes")
     VALUES ($1, $2, $3, $4, ${now}, $5, $6, $7, $8)`,
    [id, tenantId, assignmentId, userId, digest, taken.files.length, taken.bytes, newBytes],
  )
  await insertFiles(client, 'exam_snapshot_file ("snapshotId"', id, tenantId, taken.files)
}

import { createHash } from 'node:crypto'
import { similarityBounds } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'

/** Of how it is compared: a result of another version is computed again. */
const version = 1

export interface HandIn {
  readonly id: string
  readonly digest: string
}

/** What is compared for an assignment: the last hand-in of each student, and what they were given. */
export interface ComparedSet {
  /** In the order of their ids. */
  readonly handIns: readonly HandIn[]
  readonly handInsLeftOut: number
  /** Digests of the starter files, by path. */
  readonly starter: ReadonlyMap<string, string>
  /** Stands for all of it. */
  readonly key: string
}

export async function comparedSet({ pool }: Database, assignmentId: string): Promise<ComparedSet> {
  const { rows } = await pool.query<HandIn & { all: number }>(
    `SELECT id, digest, count(*) OVER ()::INTEGER AS "all" FROM (
       SELECT DISTINCT ON ("userId") id, digest, at FROM submission WHERE "assignmentId" = $1
       ORDER BY "userId", number DESC) AS last
     ORDER BY at DESC, id LIMIT $2`,
    [assignmentId, similarityBounds.handIns],
  )
  const { rows: given } = await pool.query<{ path: string; digest: string }>(
    `SELECT path, encode(sha256(content), 'hex') AS digest FROM assignment_file
     WHERE "assignmentId" = $1 AND kind = 'starter' ORDER BY path`,
    [assignmentId],
  )
  const handIns = rows.map(({ id, digest }) => ({ id, digest })).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const parts = [version, handIns.map(({ id, digest }) => [id, digest]), given.map(Object.values)]
  return {
    handIns,
    handInsLeftOut: Math.max(0, (rows[0]?.all ?? 0) - handIns.length),
    starter: new Map(given.map(({ path, digest }) => [path, digest])),
    key: createHash('sha256').update(JSON.stringify(parts)).digest('hex'),
  }
}

import type pg from 'pg'
import { Temporal } from 'temporal-polyfill'
import type { ClassTime } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { moveTimetable } from './weekly.js'

/** A time as it is stored: when it is, and how it was given by the clocks of a class. */
export interface StoredTime {
  readonly at: Date
  /** Null: it was given with an offset. */
  readonly local: string | null
}

/**
 * What a time is for. A time that a day has twice, because clocks are put back, opens something the first time and ends it the second
 * time: nobody loses an hour by it. One that a day does not have comes as much later.
 */
export type Edge = 'opens' | 'ends'

/** @param text of `givenTime` */
export function readTime(text: string, timeZone: string, edge: Edge): StoredTime {
  if (/(Z|[+-]\d{2}:?\d{2})$/.test(text)) return { at: new Date(text), local: null }
  const at = Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone, {
    disambiguation: edge === 'opens' ? 'compatible' : 'later',
  })
  return { at: new Date(at.epochMilliseconds), local: text }
}

export function presentTime({ at, local }: StoredTime, timeZone: string): ClassTime {
  const clock = Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
  const text = clock.toString()
  return {
    at: at.toISOString(),
    local: text.replace(/^(.{16}):00$/, '$1'),
    byClock: local !== null,
  }
}

/** Columns of times, with what they are for. */
const columns = [
  ['opensAt', 'opensLocal', 'opens'],
  ['dueAt', 'dueLocal', 'ends'],
  ['lateUntil', 'lateLocal', 'ends'],
] as const

/**
 * The time zone of a class has changed: what was given by its clocks keeps its wall clock, and what was given with an offset its
 * instant. In the transaction that has changed the class.
 *
 * @throws ApiError `conflict` when something would be due before it opens
 */
export async function keepWallClocks(
  client: pg.PoolClient,
  classId: string,
  timeZone: string,
): Promise<void> {
  for (const [at, local, edge] of columns) {
    const { rows } = await client.query<{ id: string; local: string }>(
      `SELECT id, "${local}" AS local FROM assignment WHERE "classId" = $1 AND "${local}" IS NOT NULL`,
      [classId],
    )
    const moved = rows.map(({ id, local }) => ({ id, at: readTime(local, timeZone, edge).at }))
    await client.query(
      `UPDATE assignment SET "${at}" = moved.at AT TIME ZONE 'UTC'
       FROM jsonb_to_recordset($1::JSONB) AS moved(id TEXT, at TIMESTAMPTZ) WHERE assignment.id = moved.id`,
      [JSON.stringify(moved)],
    )
  }
  const { rows } = await client.query<{ assignment: string; student: string; local: string }>(
    `SELECT "assignmentId" AS assignment, "studentId" AS student, more."dueLocal" AS local FROM assignment_extension AS more
     JOIN assignment ON assignment.id = "assignmentId" WHERE "classId" = $1 AND more."dueLocal" IS NOT NULL`,
    [classId],
  )
  const extended = rows.map((one) => ({ ...one, at: readTime(one.local, timeZone, 'ends').at }))
  await client.query(
    `UPDATE assignment_extension SET "dueAt" = moved.at AT TIME ZONE 'UTC'
     FROM jsonb_to_recordset($1::JSONB) AS moved(assignment TEXT, student TEXT, at TIMESTAMPTZ)
     WHERE "assignmentId" = assignment AND "studentId" = student`,
    [JSON.stringify(extended)],
  )
  await moveTimetable(client, classId, timeZone)
  const { rows: wrong } = await client.query<{ title: string }>(
    `SELECT title FROM assignment WHERE "classId" = $1 AND ("dueAt" <= "opensAt" OR "lateUntil" <= "dueAt") LIMIT 1`,
    [classId],
  )
  if (wrong[0] !== undefined) {
    throw new ApiError(
      'conflict',
      `with this time zone the assignment ${wrong[0].title} would be due before it opens; change its times first`,
    )
  }
}

import type pg from 'pg'
import type { Weekday } from '../../protocol/api/index.js'
import { weekday } from '../../protocol/api/index.js'
import { nextRun } from '../schedules/cron.js'

/** When something is each week. */
export interface Weekly {
  readonly day: Weekday
  /** 09:00 */
  readonly at: string
}

/**
 * The first time after `after`, by the clocks of a time zone. A time of day that a day does not have, because clocks are put forward,
 * comes as soon as they are; one that it has twice comes the first time.
 */
export function nextLesson({ day, at }: Weekly, timeZone: string, after: Date): Date {
  const [hour, minute] = at.split(':').map(Number)
  const next = nextRun({ cron: `${minute} ${hour} * * ${day.slice(0, 3)}`, timeZone }, after)
  if (next === null) throw new Error(`${day} ${at} never comes`)
  return next
}

/** The time zone of a class has changed: its lessons are at the same time of day, by the other clocks. */
export async function moveTimetable(client: pg.PoolClient, classId: string, timeZone: string): Promise<void> {
  const { rows } = await client.query<{ id: string; day: string; at: string; now: Date }>(
    `SELECT id, day, at, (now() AT TIME ZONE 'UTC')::TIMESTAMP(3) AS now FROM timetable_lesson WHERE "classId" = $1 FOR UPDATE`,
    [classId],
  )
  for (const { id, day, at, now } of rows) {
    await client.query(
      `UPDATE timetable_lesson SET "nextAt" = $2, "preparedFor" = NULL, wanted = 0, held = '[]', problem = NULL,
         "leaseUntil" = NULL, lease = lease + 1 WHERE id = $1`,
      [id, nextLesson({ day: weekday.parse(day), at }, timeZone, now)],
    )
  }
}

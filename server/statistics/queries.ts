import type pg from 'pg'
import { z } from 'zod'
import { statisticsBounds } from '../../protocol/api/index.js'
import { causesOf } from '../grading/causes.js'
import { storedResult } from '../grading/rows.js'

type Client = Pick<pg.Pool, 'query'>
/** The assignment `$1` and its class `$2`, of which those are counted who are in it now. */
interface Of {
  readonly assignmentId: string
  readonly classId: string
}

const studentRow = z.object({
  ...{ id: z.string(), userId: z.string().nullable(), name: z.string(), number: z.string().nullable() },
  ...{ email: z.string().nullable(), username: z.string().nullable() },
  ...{ began: z.boolean(), handedIn: z.boolean() },
})
export type StatisticsStudent = z.infer<typeof studentRow>

/** By name. */
export async function studentsOf(
  client: Client,
  { assignmentId, classId }: Of,
): Promise<StatisticsStudent[]> {
  const { rows } = await client.query(
    `SELECT place.id, place."userId", place.name, place.number, coalesce(place.email, "user".email) AS email, "user".username,
       work."startedAt" IS NOT NULL AS began,
       EXISTS (SELECT FROM submission WHERE "assignmentId" = $1 AND "userId" = place."userId") AS "handedIn"
     FROM class_member AS place LEFT JOIN "user" ON "user".id = place."userId"
     LEFT JOIN assignment_work AS work ON work."assignmentId" = $1 AND work."userId" = place."userId"
     WHERE place."classId" = $2 AND place.role = 'student' ORDER BY lower(place.name), place.id`,
    [assignmentId, classId],
  )
  return rows.map((row) => studentRow.parse(row))
}

const stepRow = z.object({ id: z.string(), passed: z.number(), failed: z.number() })

/** Of each step that was checked. */
export async function stepsOf(client: Client, { assignmentId, classId }: Of) {
  const { rows } = await client.query(
    `SELECT step.key AS id, count(*) FILTER (WHERE (step.value->>'passed')::BOOLEAN)::INTEGER AS passed,
       count(*) FILTER (WHERE NOT (step.value->>'passed')::BOOLEAN)::INTEGER AS failed
     FROM class_member AS place
     JOIN assignment_work AS work ON work."assignmentId" = $1 AND work."userId" = place."userId"
     CROSS JOIN LATERAL jsonb_each(work.steps) AS step
     WHERE place."classId" = $2 AND place.role = 'student' GROUP BY step.key`,
    [assignmentId, classId],
  )
  return new Map(rows.map((row) => stepRow.parse(row)).map((row) => [row.id, row]))
}

/** The latest submission of each student with the last result of its tests. */
const latest = `
  WITH latest AS MATERIALIZED (
    SELECT last.id, place."userId" FROM class_member AS place CROSS JOIN LATERAL (
      SELECT id FROM submission WHERE "assignmentId" = $1 AND "userId" = place."userId" ORDER BY number DESC LIMIT 1) AS last
    WHERE place."classId" = $2 AND place.role = 'student'
  ), graded AS MATERIALIZED (
    SELECT latest."userId", done.id, done.causes FROM latest CROSS JOIN LATERAL (
      SELECT id, causes FROM grading WHERE "submissionId" = latest.id AND state = 'finished'
      ORDER BY "finishedAt" DESC, id DESC LIMIT 1) AS done
  )`
const testRow = z.object({ id: z.string(), passed: z.number(), failed: z.number() })

export async function testsOf(client: Client, { assignmentId, classId }: Of) {
  const { rows } = await client.query(
    `${latest} SELECT cause->>'test' AS id, count(*) FILTER (WHERE (cause->>'passed')::BOOLEAN)::INTEGER AS passed,
       count(*) FILTER (WHERE NOT (cause->>'passed')::BOOLEAN)::INTEGER AS failed
     FROM graded CROSS JOIN LATERAL jsonb_array_elements(graded.causes) AS cause GROUP BY 1`,
    [assignmentId, classId],
  )
  return new Map(rows.map((row) => testRow.parse(row)).map((row) => [row.id, row]))
}

const errorRow = z.object({
  ...{ text: z.string(), students: z.number(), tests: z.array(z.string()), example: z.string() },
})

/** Those first that most students have. */
export async function errorsOf(client: Client, { assignmentId, classId }: Of) {
  const { rows } = await client.query(
    `${latest} SELECT why->>'text' AS text, count(DISTINCT graded."userId")::INTEGER AS students,
       array_agg(DISTINCT cause->>'test') AS tests, min(why->>'example') AS example
     FROM graded CROSS JOIN LATERAL jsonb_array_elements(graded.causes) AS cause
     CROSS JOIN LATERAL jsonb_array_elements(cause->'why') AS why
     GROUP BY 1 ORDER BY students DESC, text LIMIT ${statisticsBounds.errors}`,
    [assignmentId, classId],
  )
  return rows.map((row) => errorRow.parse(row))
}

const minutesRow = z.object({ id: z.string(), minutes: z.number(), shown: z.number() })

/** Of each student who has worked on it. */
export async function minutesOf(client: Client, { assignmentId, classId }: Of) {
  const { rows } = await client.query(
    `SELECT place.id, sum(minutes)::INTEGER AS minutes, sum("shownMinutes")::INTEGER AS shown
     FROM active_time AS one
     JOIN class_member AS place ON place."classId" = $2 AND place."userId" = one."userId" AND place.role = 'student'
     WHERE one."assignmentId" = $1 GROUP BY place.id`,
    [assignmentId, classId],
  )
  return rows.map((row) => minutesRow.parse(row))
}

const unreadRow = z.object({ id: z.string(), tests: z.string() })
const unreadAtOnce = 50

/** Writes down why tests failed that were run before that was done: of the gradings that are counted, once. */
export async function readOldResults(client: Client, { assignmentId, classId }: Of): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      `${latest} SELECT grading.id, grading.tests FROM graded JOIN grading ON grading.id = graded.id
       WHERE graded.causes IS NULL AND grading.tests IS NOT NULL LIMIT ${unreadAtOnce}`,
      [assignmentId, classId],
    )
    const read = rows
      .map((row) => unreadRow.parse(row))
      .map(({ id, tests }) => {
        return { id, causes: causesOf(z.array(storedResult).parse(JSON.parse(tests))) }
      })
    if (read.length > 0) {
      await client.query(
        `UPDATE grading SET causes = known.causes FROM jsonb_to_recordset($1::JSONB) AS known(id TEXT, causes JSONB)
         WHERE grading.id = known.id AND grading.causes IS NULL`,
        [JSON.stringify(read)],
      )
    }
    if (read.length < unreadAtOnce) return
  }
}

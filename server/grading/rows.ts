import { z } from 'zod'
import { type GradedTest, type Grading, gradedTest, gradingState } from '../../protocol/api/index.js'

/** A row of `grading`. */
export const gradingRow = z.object({
  ...{ id: z.string(), tenantId: z.string(), submissionId: z.string(), state: gradingState },
  ...{ points: z.number().nullable(), maxPoints: z.number().nullable(), tests: z.string().nullable() },
  ...{ message: z.string().nullable(), attempt: z.number(), lease: z.number() },
  ...{ createdAt: z.date(), finishedAt: z.date().nullable() },
})
export type GradingRow = z.infer<typeof gradingRow>

/** Every column of `gradingRow`, for statements. */
export const gradingColumns = Object.keys(gradingRow.shape)
  .map((name) => `grading."${name}"`)
  .join(', ')

/** What is kept of a test: what students may see of it is decided by how it was visible then. */
export const storedResult = gradedTest.extend({ name: z.string(), visible: z.enum(['no', 'name', 'all']) })
export type StoredResult = z.infer<typeof storedResult>

/** What of the results somebody is shown: staff all; students as each test says, or nothing. */
export type Sight = 'all' | 'student' | 'nothing'

export function present(row: GradingRow, sight: Sight): Grading {
  const all = row.tests === null ? null : z.array(storedResult).parse(JSON.parse(row.tests))
  const isShown = sight !== 'nothing'
  return {
    ...{ id: row.id, submission: row.submissionId, state: row.state },
    ...{ points: isShown ? row.points : null, maxPoints: isShown ? row.maxPoints : null },
    tests: isShown && all !== null ? all.map((one) => shown(one, sight === 'all')) : null,
    message: sight === 'all' ? row.message : null,
    ...{ createdAt: row.createdAt.toISOString(), finishedAt: row.finishedAt?.toISOString() ?? null },
  }
}

function shown({ visible, ...one }: StoredResult, isStaff: boolean): GradedTest {
  if (isStaff) return one
  if (visible === 'all') return { ...one, judgeOutput: null }
  // What a program prints can be its input, and how long it takes can tell as much.
  return {
    ...one,
    message: null,
    output: null,
    judgeOutput: null,
    parts: null,
    wallMs: 0,
    name: visible === 'name' ? one.name : null,
  }
}

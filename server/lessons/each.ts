import type { LessonOutcome } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { StudentRow } from './students.js'

export type Outcome = Pick<LessonOutcome['students'][number], 'outcome' | 'detail'>

/**
 * Does something to the sandbox of each student, a few at once. What fails for one is told, and the others go on.
 * @param act answers what was kept, for the teacher; null for nothing
 */
export async function forEachStudent(
  students: readonly StudentRow[],
  atOnce: number,
  act: (sandboxId: string, student: StudentRow) => Promise<string | null>,
): Promise<LessonOutcome> {
  const outcomes = new Map<string, Outcome>()
  const waiting = students.values()
  const work = async () => {
    for (const one of waiting) outcomes.set(one.id, await outcomeOf(one, act))
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, students.length) }, work))
  const none: Outcome = { outcome: 'nothing', detail: null }
  return {
    students: students.map(({ id, name }) => ({ student: id, name, ...(outcomes.get(id) ?? none) })),
  }
}

async function outcomeOf(
  student: StudentRow,
  act: (sandboxId: string, student: StudentRow) => Promise<string | null>,
): Promise<Outcome> {
  if (student.sandboxId === null) return { outcome: 'nothing', detail: 'has no sandbox yet' }
  try {
    return { outcome: 'done', detail: await act(student.sandboxId, student) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { outcome: 'failed', detail: error.message }
  }
}

import { z } from 'zod'
import type { Assignment as Row } from '../../prisma/generated/client.js'
import {
  type Assignment,
  type AssignmentExam,
  type AssignmentSummary,
  assignmentExam,
  assignmentGrading,
  assignmentSource,
  assignmentStep,
  assignmentTest,
  type ClassRole,
  limitsRequest,
  rubric,
} from '../../protocol/api/index.js'
import { storedNetwork } from '../../protocol/api/stored-network.js'
import { presentTime, type StoredTime } from '../classes/wall-clock.js'
import { stateOf, type Times } from './times.js'

/** What the columns of JSON hold. */
export const storedSteps = z.array(assignmentStep)
export const storedTests = z.array(assignmentTest)
export const storedPaths = z.array(z.string())
export const storedLimits = limitsRequest.nullable()
/** One that this version does not know whole is as strict as can be. */
const storedExam = z
  .object({
    network: z.union([z.literal('none'), z.object({ allow: z.array(z.string()) })]).catch('none'),
    paste: assignmentExam.shape.paste.unwrap().catch('prevent'),
  })
  .nullable()

export const examOf = ({ exam }: Pick<Row, 'exam'>): AssignmentExam | null => storedExam.parse(exam)
export {
  assignmentGrading as storedGrading,
  assignmentSource as storedSource,
  rubric as storedRubric,
  storedNetwork,
}

/** An assignment as the caller sees it. @param times of the caller */
export function present(row: Row, role: ClassRole, timeZone: string, times: Times): Assignment {
  const shown = (time: StoredTime | null) => (time === null ? null : presentTime(time, timeZone))
  const state = stateOf(row.published, times)
  const isStudent = role === 'student'
  const isHidden = isStudent && state === 'scheduled'
  return {
    ...{ id: row.id, class: row.classId, title: row.title, position: row.position },
    ...{ published: row.published, state, extended: times.extended },
    ...{ opensAt: shown(times.opens), dueAt: shown(times.due) },
    late:
      times.late === null
        ? null
        : { until: shown(times.late.until), percentPerDay: times.late.percentPerDay },
    exam: examOf(row),
    text: isHidden ? null : row.text,
    steps: isHidden
      ? []
      : storedSteps.parse(row.steps).map(({ id, title, check }) => ({
          ...{ id, title, checked: check !== undefined },
          check: isStudent || check === undefined ? null : check,
        })),
    starter: isHidden
      ? null
      : { state: 'ready', message: null, files: row.starterFiles, bytes: row.starterBytes },
    setup: isStudent
      ? null
      : {
          source: assignmentSource.parse(row.source),
          limits: storedLimits.parse(row.limits),
          network: storedNetwork.parse(row.network),
          readOnly: storedPaths.parse(row.readOnly),
          tests: storedTests.parse(row.tests),
          grading: assignmentGrading.parse(row.grading),
          rubric: rubric.parse(row.rubric),
          hidden: { files: row.hiddenFiles, bytes: row.hiddenBytes },
        },
    work: null,
    ...{ createdAt: row.createdAt.toISOString(), updatedAt: row.updatedAt.toISOString() },
  }
}

/** The same for a list. */
export function summarize(...of: Parameters<typeof present>): AssignmentSummary {
  const { text: _text, setup: _setup, work: _work, steps, ...one } = present(...of)
  return { ...one, stepCount: steps.length }
}

import { z } from 'zod'
import { oneLine } from './assignment-tests.js'
import { storableText } from './bounds.js'

/** Bounds of the rubric of one assignment. */
export const rubricBounds = { criteria: 20, levels: 10 } as const

/** What is looked at, and how well it can be done. */
export const rubricCriterion = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be small letters, digits and hyphens, at most 40'),
  title: oneLine(200),
  levels: z
    .array(z.strictObject({ points: z.number().min(0).max(10_000), text: storableText(500) }))
    .min(1)
    .max(rubricBounds.levels),
})
export type RubricCriterion = z.infer<typeof rubricCriterion>

/** How people give points for an assignment. */
export const rubric = z
  .array(rubricCriterion)
  .max(rubricBounds.criteria)
  .refine(
    (criteria) => new Set(criteria.map(({ id }) => id)).size === criteria.length,
    'names a criterion twice',
  )
  .describe('criteria, of each of which a grader chooses a level; told to students with their grade')
export type Rubric = z.infer<typeof rubric>

/** What a grader chooses. */
export const chosenLevels = z
  .array(
    z.strictObject({
      criterion: z.string().max(40),
      level: z.int().min(0).max(rubricBounds.levels).describe('of the criterion, from 0'),
    }),
  )
  .min(1)
  .max(rubricBounds.criteria)
  .describe('one of each criterion of the rubric; the points are their sum')
export type ChosenLevels = z.infer<typeof chosenLevels>

/** A level that was chosen, as it was then: it stays with the grade when the rubric is changed. */
export const gradedCriterion = z.object({
  ...{ criterion: z.string(), title: z.string(), text: z.string() },
  level: z.number().describe('from 0'),
  points: z.number(),
  maxPoints: z.number().describe('of the best level'),
})
export type GradedCriterion = z.infer<typeof gradedCriterion>

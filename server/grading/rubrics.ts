import type { Assignment } from '../../prisma/generated/client.js'
import type { ChosenLevels, GradedCriterion } from '../../protocol/api/index.js'
import { storedRubric } from '../assignments/rows.js'
import { ApiError } from '../errors.js'
import { bestOf } from './points.js'

/**
 * What a grader has chosen, in the words of the rubric as it is now, in its order.
 * @throws ApiError `invalid_request` unless it is one level of each criterion
 */
export function levelsOf({ rubric }: Pick<Assignment, 'rubric'>, chosen: ChosenLevels): GradedCriterion[] {
  const criteria = storedRubric.parse(rubric)
  if (criteria.length === 0) throw refused('this assignment has no rubric; give points')
  const unknown = chosen.find(({ criterion }) => !criteria.some(({ id }) => id === criterion))
  if (unknown !== undefined)
    throw refused(`${unknown.criterion} is no criterion of the rubric; read it again`)
  return criteria.map((criterion) => {
    const [one, more] = chosen.filter((each) => each.criterion === criterion.id)
    if (one === undefined || more !== undefined) throw refused(`choose one level of ${criterion.title}`)
    const level = criterion.levels[one.level]
    if (level === undefined) throw refused(`${criterion.title} has ${criterion.levels.length} levels, from 0`)
    const { id, title } = criterion
    return { criterion: id, title, level: one.level, ...level, maxPoints: bestOf(criterion) }
  })
}

const refused = (why: string) => new ApiError('invalid_request', `levels: ${why}`)

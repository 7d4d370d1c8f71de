import { expect, it } from 'vitest'
import type { Grade } from '../../../lib/protocol-submissions'
import { shownGrades } from './shown-grades'

const grade = (name: string, more: Partial<Grade> = {}): Grade => ({
  ...{ assignment: 'as_1', student: { userId: name, name }, submission: null, handedIn: null },
  ...{ state: 'none', tested: null, given: null, latePercent: 0, points: null, maxPoints: 10, ...more },
})
const at = (time: string, late: NonNullable<Grade['handedIn']>['late'] = null) => ({
  handedIn: { number: 1, at: { at: time, local: time }, late },
})
const all = [
  grade('Ada', { submission: 'su_1', state: 'graded', points: 4, ...at('2026-01-01T00:00:00Z') }),
  grade('Ben'),
  grade('Cem', {
    submission: 'su_2',
    state: 'failed',
    ...at('2026-01-02T00:00:00Z', { days: 1, percent: 0 }),
  }),
  grade('Dan', { submission: 'su_3', state: 'queued', points: 9, ...at('2026-01-03T00:00:00Z') }),
]
const names = (wanted: Partial<Parameters<typeof shownGrades>[1]>) =>
  shownGrades(all, { search: '', filter: 'all', sorting: 'name', ...wanted }).map(
    ({ student }) => student.name,
  )

it('shows whom is looked for', () => {
  expect(names({})).toEqual(['Ada', 'Ben', 'Cem', 'Dan'])
  expect(names({ search: ' aD' })).toEqual(['Ada'])
  expect(names({ filter: 'nothing' })).toEqual(['Ben'])
  expect(names({ filter: 'late' })).toEqual(['Cem'])
  expect(names({ filter: 'ungraded' })).toEqual(['Cem'])
  expect(names({ filter: 'graded' })).toEqual(['Ada'])
})

it('puts who has nothing last, however it is sorted', () => {
  expect(names({ sorting: 'newest' })).toEqual(['Dan', 'Cem', 'Ada', 'Ben'])
  expect(names({ sorting: 'most' })).toEqual(['Dan', 'Ada', 'Ben', 'Cem'])
  expect(names({ sorting: 'least' })).toEqual(['Ada', 'Dan', 'Ben', 'Cem'])
})

import { expect, it } from 'vitest'
import type { LessonStudent } from '../../../../lib/protocol-lessons'
import { shownOf } from './shown'

const student = (name: string, of: Partial<LessonStudent> = {}): LessonStudent => ({
  ...{ student: `cs_${name}`, userId: name, name, number: null, section: null, group: null, sandbox: null },
  ...{ state: 'working', frozen: false, handUp: null },
  steps: { passed: 0, failed: 0, checks: 3, checkedAt: null },
  ...of,
})
const all = [
  student('Ann', { state: 'idle', handUp: '2026-12-01T08:05:00.000Z', number: '17' }),
  student('Ben', { state: 'stuck', steps: { passed: 2, failed: 1, checks: 3, checkedAt: null } }),
  student('Cai', { handUp: '2026-12-01T08:01:00.000Z' }),
]
const namesOf = (students: readonly LessonStudent[]) => students.map(({ name }) => name).join(' ')
const view = { search: '', sort: 'name', filter: 'all' } as const

it('finds students by name and number, and by what they do', () => {
  expect(namesOf(shownOf(all, { ...view, search: ' AN ' }))).toBe('Ann')
  expect(namesOf(shownOf(all, { ...view, search: '17' }))).toBe('Ann')
  expect(namesOf(shownOf(all, { ...view, filter: 'stuck' }))).toBe('Ben')
  expect(namesOf(shownOf(all, { ...view, filter: 'hand' }))).toBe('Ann Cai')
})

it('puts first who needs help most', () => {
  expect(namesOf(shownOf(all, { ...view, sort: 'hand' }))).toBe('Cai Ann Ben')
  expect(namesOf(shownOf(all, { ...view, sort: 'state' }))).toBe('Ben Cai Ann')
  expect(namesOf(shownOf(all, { ...view, sort: 'steps' }))).toBe('Ann Cai Ben')
})

import { expect, it } from 'vitest'
import { timeChange, timeDraftOf, wrongOrder } from './time-draft'

const at = (local: string) => ({ at: '2026-12-01T07:00:00.000Z', local, byClock: false })
const stored = timeDraftOf({
  opensAt: at('2026-12-01T08:00'),
  dueAt: at('2026-12-08T23:59'),
  late: { until: at('2026-12-10T23:59'), percentPerDay: 10 },
})

it('only what was changed is sent, so that what was given with an offset stays so', () => {
  expect(timeChange(stored, stored)).toEqual({})
  expect(timeChange({ ...stored, due: '2026-12-09T12:00' }, stored)).toEqual({ dueAt: '2026-12-09T12:00' })
  expect(timeChange({ ...stored, opens: '' }, stored)).toEqual({ opensAt: null })
  expect(timeChange({ ...stored, percent: '5' }, stored)).toEqual({
    late: { until: '2026-12-10T23:59', percentPerDay: 5 },
  })
  expect(timeChange({ ...stored, late: 'always' }, stored)).toEqual({
    late: { until: null, percentPerDay: 10 },
  })
})

it('what is never due is never late', () => {
  expect(timeChange({ ...stored, due: '' }, stored)).toEqual({ dueAt: null, late: null })
})

it('says which time is too early', () => {
  expect(wrongOrder(stored)).toBe(null)
  expect(wrongOrder({ ...stored, due: '2026-12-01T08:00' })).toBe('due')
  expect(wrongOrder({ ...stored, until: '2026-12-08T23:59' })).toBe('until')
  expect(wrongOrder({ ...stored, late: 'closed', until: '2026-12-01T00:00' })).toBe(null)
})

import { expect, it } from 'vitest'
import { ownKey } from './idempotency.js'

it('a key of staff is never the key of a student, nor another one of staff', () => {
  const student = { userId: 'us_1', role: 'student' } as const
  const staff = { userId: 'us_2', role: 'member' } as const
  const all = [
    ownKey(student, 'k'),
    ownKey(student, 'us_1 k'),
    ...['k', 'us_1 k', 'us_1 us_1 k', 'staff us_1 k', 'staff k'].map((key) => ownKey(staff, key)),
  ]
  expect(new Set(all).size).toBe(all.length)
  // Keys that are in the database already go on being found.
  expect(ownKey(staff, 'order-17')).toBe('order-17')
})

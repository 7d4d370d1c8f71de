import { expect, it } from 'vitest'
import { wholeSight } from '../auth/sight.js'
import { ownKey } from './idempotency.js'

it('a key of staff is never the key of a student, nor another one of staff', () => {
  const of = { tenantId: 'tn_1', sight: wholeSight(), keyId: null, keyLimits: null }
  const student = { ...of, userId: 'us_1', role: 'student' } as const
  const staff = { ...of, userId: 'us_2', role: 'member' } as const
  const limited = { ...staff, userId: null, keyId: 'ky_1', keyLimits: { ownOnly: true } }
  const all = [
    ...['k', 'us_1 k', 'staff k'].map((key) => ownKey(limited, key)),
    ownKey(student, 'k'),
    ownKey(student, 'us_1 k'),
    ...['k', 'us_1 k', 'us_1 us_1 k', 'staff us_1 k', 'staff k', 'ky_1 k'].map((key) => ownKey(staff, key)),
  ]
  expect(new Set(all).size).toBe(all.length)
  // Keys that are in the database already go on being found.
  expect(ownKey(staff, 'order-17')).toBe('order-17')
  // What was made before an exam is not answered in it.
  const exam = { assignmentId: 'as_1', tenantId: 'tn_1', opensAt: 0, live: true, started: true }
  const sight = { ...wholeSight(), exams: { of: 'us_1', all: [{ ...exam, endsAt: Date.now() + 60_000 }] } }
  expect(ownKey({ ...student, sight }, 'k')).not.toBe(ownKey(student, 'k'))
})

import { describe, expect, it } from 'vitest'
import { durationSeconds } from './duration.js'

describe('a duration', () => {
  it.each([
    ['30s', 30],
    ['1m30s', 90],
    ['1.5h', 5400],
    ['500ms', 0.5],
    ['0', 0],
  ])('%s is %d seconds', (text, seconds) => expect(durationSeconds(text)).toBeCloseTo(seconds))

  it.each(['', '30', 's', '1 s', '-1s', '1s1', '1d', `${'1s'.repeat(40)}`])('%j is none', (text) => {
    expect(durationSeconds(text)).toBeUndefined()
  })
})

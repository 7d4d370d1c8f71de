import { describe, expect, it } from 'vitest'
import { newJoinCode, readJoinCode } from './join-code.js'

describe('the code of a class', () => {
  it('is read however somebody types it', () => {
    const code = newJoinCode()
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(readJoinCode(code)).toBe(code)
    expect(readJoinCode(` ${code.toLowerCase().replaceAll('-', ' ')} `)).toBe(code)
    expect(readJoinCode('7kdmoqxrilte')).toBe('7KDM-0QXR-11TE')
  })

  it('is no secret of another kind', () => {
    for (const secret of ['', 'short', 'dGhpcyBpcyBhIHNlY3JldA', 'UUUU-UUUU-UUUU', `${'A'.repeat(13)}`]) {
      expect(readJoinCode(secret)).toBe(secret)
    }
  })
})

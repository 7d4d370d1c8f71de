import { describe, expect, it } from 'vitest'
import { assertMaskable, Mask } from './mask.js'

const masked = (secrets: readonly string[], text: string, size = text.length) => {
  const mask = new Mask(secrets)
  let all = ''
  for (let at = 0; at < text.length; at += size) all += mask.push(text.slice(at, at + size))
  return all + mask.end()
}

describe('a mask', () => {
  it.each([1, 2, 3, 7, 100])('hides secrets in pieces of %i characters', (size) => {
    expect(masked(['secret'], 'a secret, a secre and a secresecret', size)).toBe(
      'a ***, a secre and a secre***',
    )
    expect(masked(['aabaaab'], 'aabaabaaab aabaaa', size)).toBe('aab*** aabaaa')
    expect(masked(['password', 'password123'], 'password1 password123', size)).toBe('***1 ***')
    expect(masked(['first line\nsecond line\n'], 'first line\r\nsecond line\r\n', size)).toBe(
      '***\r\n***\r\n',
    )
    expect(masked(['one'], 'one', size)).toBe('one')
  })

  it.each([1, 2, 3, 7, 100])('shows nothing of secrets that overlap, in pieces of %i characters', (size) => {
    expect(masked(['abcd', 'cdxyz'], '-abcdxyz-', size)).toMatch(/^-\*{3}-$/)
    expect(masked(['abcd', 'cdxyz'], '-abcdxy-', size)).toMatch(/^-\*{3}xy-$/)
  })

  it('holds back no more than may be the beginning of one', () => {
    const mask = new Mask(['secret'])
    expect(mask.push('a sec')).toBe('a ')
    expect(mask.push('ond')).toBe('second')
  })

  it('hides a long secret that repeats itself', () => {
    const secret = `${'a'.repeat(65_000)}b`
    const text = 'a'.repeat(2 * 1024 ** 2)
    expect(masked([secret], text, 4095) === text).toBe(true)
    expect(masked([secret], `${text}b`, 4095) === `${text.slice(65_000)}***`).toBe(true)
  })

  it('is made for secrets that have not too many lines', () => {
    expect(() => assertMaskable(['x\n'.repeat(600), 'y\n'.repeat(600)])).toThrow('more than 1000 lines')
    expect(() => assertMaskable(['x\n'.repeat(600)])).not.toThrow()
  })
})

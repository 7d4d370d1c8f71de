import { describe, expect, it } from 'vitest'
import { TitleReader } from './title.js'

const read = (text: string, step = text.length) => {
  const reader = new TitleReader()
  const bytes = Buffer.from(text)
  let title: string | undefined
  for (let at = 0; at < bytes.length; at += step) title = reader.read(bytes.subarray(at, at + step)) ?? title
  return title
}

describe('the title of a terminal', () => {
  it('is what OSC 0 or 2 set last, ended either way', () => {
    expect(read('x\x1b]0;first\x07y\x1b]2;second\x1b\\z')).toBe('second')
    expect(read('\x1b]1;an icon\x07\x1b[0m')).toBeUndefined()
    expect(read('plain')).toBeUndefined()
  })

  it('is found wherever the output is cut', () => {
    for (const step of [1, 2, 3, 5, 8]) expect(read('ab\x1b]0;über 😀\x1b\\cd\x1b[1m', step)).toBe('über 😀')
  })

  it('is one line without control characters or overrides of direction, of bounded length', () => {
    expect(read('\x1b]0; a\nb\u009bc\u202ed \x07')).toBe('abcd')
    expect(read(`\x1b]0;${'😀'.repeat(200)}\x07`)).toBe('😀'.repeat(128))
  })

  it('is not waited for endlessly', () => {
    const reader = new TitleReader()
    reader.read(Buffer.from('\x1b]0;'))
    for (let i = 0; i < 100; i++) reader.read(Buffer.alloc(1000, 'a'))
    expect(reader.read(Buffer.from('\x07\x1b]0;next\x07'))).toBe('next')
  })
})

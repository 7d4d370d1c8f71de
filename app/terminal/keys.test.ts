import { describe, expect, it } from 'vitest'
import { withHeld } from './keys'

describe('keys of the toolbar', () => {
  it.each([
    ['c', '\x03'],
    ['C', '\x03'],
    ['d', '\x04'],
    ['[', '\x1b'],
    [' ', '\0'],
    ['é', 'é'],
    ['hello', 'hello'],
  ])('Ctrl and %j send %j', (text, sent) => expect(withHeld(text, { ctrl: true, alt: false })).toBe(sent))

  it('Alt sends an escape before it', () => expect(withHeld('b', { ctrl: false, alt: true })).toBe('\x1bb'))
})

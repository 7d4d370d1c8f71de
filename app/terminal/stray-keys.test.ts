import { describe, expect, it } from 'vitest'
import { typedBy } from './stray-keys'

const none = { ctrlKey: false, altKey: false, metaKey: false, shiftKey: false }

describe('a key that no element took', () => {
  it.each([
    ['a', {}, 'a'],
    ['A', { shiftKey: true }, 'A'],
    ['é', {}, 'é'],
    ['😀', {}, '😀'],
    ['@', { ctrlKey: true, altKey: true }, '@'],
    ['Enter', {}, '\r'],
    ['Backspace', {}, '\x7f'],
    ['ArrowUp', {}, '\x1b[A'],
    ['c', { ctrlKey: true }, '\x03'],
    ['Tab', {}, null],
    ['F5', {}, null],
    ['Dead', {}, null],
    ['Shift', { shiftKey: true }, null],
    ['T', { ctrlKey: true, shiftKey: true }, null],
    ['c', { metaKey: true }, null],
    ['x', { altKey: true }, null],
    ['Enter', { ctrlKey: true }, null],
  ])('%s with %j types %j', (key, held, text) => {
    expect(typedBy({ ...none, key, ...held })).toBe(text)
  })
})

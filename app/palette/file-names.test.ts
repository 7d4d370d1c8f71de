import { describe, expect, it } from 'vitest'
import { parseWanted } from './file-names'

describe('what is typed to open a file', () => {
  it.each([
    ['main.py', 'main.py', null],
    ['src/main.py:12', 'src/main.py', 12],
    ['main.py:', 'main.py', null],
    ['a:b:3', 'a:b', 3],
    [' spaced ', 'spaced', null],
    ['', '', null],
  ])('%s', (text, name, line) => {
    expect(parseWanted(text)).toEqual({ name, line })
  })
})

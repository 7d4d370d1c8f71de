import { describe, expect, it } from 'vitest'
import { parseIgnored } from './dockerignore.js'
import { matchesName } from './globs.js'

describe('a .dockerignore', () => {
  const ignored = (lines: string, ...paths: string[]) => paths.filter((path) => parseIgnored(lines).has(path))

  it.each([
    ['node_modules', ['node_modules', 'node_modules/a/b'], ['src/node_modules', 'node_modules2']],
    ['/a/b', ['a/b', 'a/b/c'], ['a', 'x/a/b']],
    ['*.md', ['README.md'], ['x/README.md']],
    ['**/*.md', ['README.md', 'x/a/README.md'], ['README.mdx']],
    ['*/temp*', ['a/temporary'], ['temp', 'a/b/temp']],
    ['a/**/z', ['a/z', 'a/b/c/z', 'a/b/z/y'], ['b/a/z']],
    ['a/**', ['a/b'], ['a']],
    ['temp?', ['temp1'], ['temp', 'temp12']],
    ['[a-c].txt', ['b.txt'], ['d.txt']],
    ['./x/../y', ['y'], ['x']],
  ])('%s', (line, out, kept) => {
    expect(ignored(line, ...out, ...kept)).toEqual(out)
  })

  it('takes exceptions back in, and the last line that matches decides', () => {
    const lines = '# all but one\n*.md\n!README*.md\nREADME-secret.md\n'
    expect(ignored(lines, 'a.md', 'README.md', 'README-secret.md')).toEqual(['a.md', 'README-secret.md'])
    expect(ignored('*\n!src\nsrc/gen', 'a', 'src/a', 'src/gen/a')).toEqual(['a', 'src/gen/a'])
    expect(parseIgnored('*\n!src').whole).toBe(false)
  })

  it('takes no time that grows with a power of what it is given', () => {
    expect(matchesName(`${'*a'.repeat(2000)}b`, 'a'.repeat(5000))).toBe(false)
    expect(ignored(`${'**/a/'.repeat(200)}b`, 'a/'.repeat(200))).toEqual([])
  })
})

describe("a pattern of Go's", () => {
  it.each([
    ['a*c', 'abbbc', true],
    ['a*c', 'ab', false],
    ['[^a-c]x', 'dx', true],
    ['[^a-c]x', 'bx', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['[', 'a', false],
    ['a[]', 'a', false],
    ['?', '文', true],
  ])('%s and %s', (pattern, name, matches) => {
    expect(matchesName(pattern, name)).toBe(matches)
  })
})

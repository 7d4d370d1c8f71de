import { describe, expect, it } from 'vitest'
import { countOf, listed, Problems, readPublished } from './problems'

const range = (line: number) => ({ start: { line, character: 0 }, end: { line, character: 1 } })
const said = (uri: string, ...diagnostics: unknown[]) => {
  const read = readPublished({ uri, diagnostics })
  if (!read) throw new Error('not understood')
  return read
}

describe('what a language server publishes', () => {
  it('is read as far as it can be understood', () => {
    const { path, problems } = said(
      'file:///a.ts',
      { range: range(1), message: 'wrong', severity: 1, source: 'ts', code: 2322 },
      { range: range(2), message: { kind: 'markdown', value: 'odd' }, severity: 99 },
      ...[{ message: 'nowhere' }, 7, null],
    )
    expect(path).toBe('/a.ts')
    expect(problems.map(({ message, severity, origin }) => [message, severity, origin])).toEqual([
      ['wrong', 'error', 'ts 2322'],
      ['odd', 'error', ''],
    ])
    expect(readPublished('nonsense')).toBeNull()
    expect(readPublished({ uri: 'https://elsewhere/a', diagnostics: [] })).toBeNull()
  })

  it('is bounded for a file', () => {
    const many = Array.from({ length: 5000 }, () => ({ range: range(0), message: 'x'.repeat(9999) }))
    const { problems } = said('file:///a.ts', ...many)
    expect(problems).toHaveLength(1000)
    expect(problems[0]?.message).toHaveLength(2000)
  })
})

describe('the problems of all files', () => {
  it('are those of all servers, and go with what is repaired and with the server', () => {
    const problems = new Problems()
    const [one, other] = [{}, {}]
    problems.publish(one, said('file:///b', { range: range(3), message: 'late' }))
    problems.publish(one, said('file:///a', { range: range(0), message: 'a warning', severity: 2 }))
    problems.publish(other, said('file:///b', { range: range(1), message: 'early' }))
    problems.publish(
      other,
      said(
        'file:///b',
        { range: range(1), message: 'early' },
        { range: range(0), message: 'hint', severity: 4 },
      ),
    )
    expect(countOf(problems.get())).toEqual({ error: 2, warning: 1, info: 0, hint: 1 })
    expect(listed(problems.get()).map(([path, some]) => [path, some.map(({ message }) => message)])).toEqual([
      ['/a', ['a warning']],
      ['/b', ['early', 'late']],
    ])
    problems.publish(one, said('file:///a'))
    problems.drop(other)
    expect([...problems.get().keys()]).toEqual(['/b'])
  })
})

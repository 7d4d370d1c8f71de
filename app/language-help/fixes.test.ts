import { describe, expect, it } from 'vitest'
import { fixesIn } from './fixes'

describe('what a language server offers to do', () => {
  it('is read in both of its forms, the preferred first, without what cannot be done and what cannot be understood', () => {
    const edit = { changes: { 'file:///a.ts': [] } }
    const found = fixesIn([
      { title: 'by command', command: 'do.it', arguments: [1] },
      { title: 'not now', disabled: { reason: 'no' }, edit },
      { title: 'best', isPreferred: true, edit },
      { title: 'later', data: { id: 7 } },
      ...[7, null, { command: 'nameless' }, { title: 'odd', edit: 'nonsense' }],
    ])
    expect(found.map(({ title }) => title)).toEqual(['best', 'by command', 'later'])
    expect(found[1]?.command).toMatchObject({ command: 'do.it', arguments: [1] })
    // What it is to be asked by when it is chosen.
    expect(found[2]).toMatchObject({ data: { id: 7 } })
  })

  it('is bounded, and nothing when it is no list', () => {
    expect(fixesIn(Array.from({ length: 5000 }, () => ({ title: 'x', data: 1 })))).toHaveLength(100)
    expect(fixesIn({ title: 'alone' })).toEqual([])
    expect(fixesIn(null)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { activeOf, allOf, type Groups, groupsMax, moved, noGroups, shown, without } from './groups'

const of = (...names: string[]): Groups<string> => {
  let all: Groups<string> = noGroups
  for (const name of names) all = shown(all, name)
  return all
}
const text = ({ groups, focused }: Groups<string>) =>
  groups
    .map(
      ({ documents, active }, at) =>
        documents.map((one) => (one === active ? `[${one}]` : one)).join(' ') + (at === focused ? '*' : ''),
    )
    .join(' | ')

describe('groups of open files', () => {
  it('show a file where it is, and a new one where somebody works', () => {
    const split = moved(of('a', 'b'), 'b', 1)
    expect(text(split)).toBe('[a] | [b]*')
    expect(text(shown(split, 'c'))).toBe('[a] | b [c]*')
    expect(text(shown(split, 'a'))).toBe('[a]* | [b]')
    expect(allOf(split)).toEqual(['a', 'b'])
    expect(activeOf(split)).toBe('b')
  })

  it('move a file to either side, and go when they are empty', () => {
    const split = moved(of('a', 'b', 'c'), 'c', 1)
    expect(text(split)).toBe('a [b] | [c]*')
    expect(text(moved(split, 'c', 0))).toBe('a b [c]*')
    expect(text(moved(split, 'a', -1))).toBe('[a]* | [b] | [c]')
    expect(text(moved(split, 'a', 1))).toBe('[b] | c [a]*')
    expect(text(moved(moved(split, 'a', -1), 'a', 2))).toBe('[b] | c [a]*')
  })

  it('stay as they are when nothing would change, or there would be too many', () => {
    const alone = of('a')
    expect(moved(alone, 'a', 1)).toBe(alone)
    const many = moved(moved(of('a', 'b', 'c', 'd'), 'c', 1), 'b', 2)
    expect(many.groups).toHaveLength(groupsMax)
    expect(moved(many, 'a', 9)).toBe(many)
  })

  it('show a neighbour of what is closed', () => {
    const split = moved(of('a', 'b', 'c'), 'c', 1)
    expect(text(without(split, 'b'))).toBe('[a] | [c]*')
    expect(text(without(split, 'c'))).toBe('a [b]*')
    expect(text(without(of('a'), 'a'))).toBe('*')
  })
})

import { ChangeSet, Text } from '@codemirror/state'
import { describe, expect, it } from 'vitest'
import { changesOf, EditsDoNotFit, editsByPath, offsetNear } from './edits'

const doc = Text.of(['one two', '', 'three'])
const edit = (from: readonly [number, number], to: readonly [number, number], newText: string) => ({
  range: { start: { line: from[0], character: from[1] }, end: { line: to[0], character: to[1] } },
  newText,
})
const apply = (edits: Parameters<typeof changesOf>[1]) =>
  ChangeSet.of(changesOf(doc, edits, 'a.txt'), doc.length)
    .apply(doc)
    .toString()

describe('what a language server wants changed', () => {
  it('is done at its places, in whatever order they are', () => {
    expect(apply([edit([2, 0], [2, 5], '3'), edit([0, 0], [0, 3], '1'), edit([0, 3], [0, 3], '!')])).toBe(
      '1! two\n\n3',
    )
    expect(apply([edit([0, 0], [3, 0], 'x\r\ny')])).toBe('x\ny')
  })

  it.each([
    ['a line that is not there', [edit([4, 0], [4, 0], 'x')]],
    ['a column that is not there', [edit([0, 0], [0, 8], 'x')]],
    ['an end before its start', [edit([0, 3], [0, 1], 'x')]],
    ['two of the same place', [edit([0, 0], [0, 3], 'x'), edit([0, 2], [0, 4], 'y')]],
  ])('is refused for %s', (_, edits) => {
    expect(() => apply(edits)).toThrow(EditsDoNotFit)
  })

  it('is known by file, however it is written', () => {
    const edits = [edit([0, 0], [0, 1], 'x')]
    const documentChanges = [{ textDocument: { uri: 'file:///b' }, edits }]
    const changes = { 'file:///a%20c': edits, 'https://elsewhere/x': edits, 'file:///none': [] }
    expect([...editsByPath({ changes, documentChanges })]).toEqual([
      ['/a c', edits],
      ['/b', edits],
    ])
  })
})

it('a place is the nearest that the text has', () => {
  expect(offsetNear(doc, { line: 0, character: 99 })).toBe(7)
  expect(offsetNear(doc, { line: 99, character: 0 })).toBe(doc.length)
  expect(offsetNear(doc, { line: 2, character: 1 })).toBe(10)
})

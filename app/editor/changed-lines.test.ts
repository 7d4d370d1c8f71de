import { EditorState, Text } from '@codemirror/state'
import { expect, it } from 'vitest'
import { baseline, joined, rangesChanged, setBaseline, textSaved, unsavedRanges } from './changed-lines'

const stateOf = (doc: string) => EditorState.create({ doc, extensions: [unsavedRanges, baseline] })

it('what was changed since the disk had the text moves with it, until that is saved', () => {
  let state = stateOf('one\ntwo\nthree')
  state = state.update({ changes: { from: 4, to: 7, insert: '2' } }).state
  state = state.update({ changes: { from: 0, insert: 'zero\n' } }).state
  expect(state.field(unsavedRanges).map(({ from, to }) => state.sliceDoc(from, to))).toEqual(['zero\n', '2'])
  expect(state.update({ effects: textSaved.of(null) }).state.field(unsavedRanges)).toEqual([])
  const reloaded = state.update({ changes: { from: 0, insert: 'x' }, userEvent: 'reload' }).state
  expect(reloaded.field(unsavedRanges)).toEqual([])
})

it('ranges that touch are one, and there are not more than are drawn', () => {
  const ranges = [
    { from: 9, to: 9 },
    { from: 0, to: 4 },
    { from: 5, to: 6 },
  ]
  expect(joined(ranges)).toEqual([
    { from: 0, to: 6 },
    { from: 9, to: 9 },
  ])
  expect(joined(Array.from({ length: 2000 }, (_, at) => ({ from: 3 * at, to: 3 * at })))).toHaveLength(500)
})

it('lines that the last commit does not have are found', async () => {
  const before = stateOf('one\ntwo\nthree\nnew')
  expect(await rangesChanged(before)).toEqual([])
  const state = before.update({ effects: setBaseline.of(Text.of(['one', 'two', 'three'])) }).state
  const [range, ...more] = await rangesChanged(state)
  expect(more).toEqual([])
  expect(state.sliceDoc(range?.from, range?.to)).toContain('new')
})

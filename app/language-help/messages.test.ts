import { expect, it } from 'vitest'
import { locationsIn, symbolsIn } from './messages'

const range = { start: { line: 1, character: 2 }, end: { line: 1, character: 5 } }

it('places are read in each of the ways that servers write them', () => {
  const here = [{ path: '/a', range }]
  expect(locationsIn({ uri: 'file:///a', range })).toEqual(here)
  expect(locationsIn([{ uri: 'file:///a', range }, { uri: 'jdt://a', range }, 3])).toEqual(here)
  expect(locationsIn([{ targetUri: 'file:///a', targetRange: range, targetSelectionRange: range }])).toEqual(
    here,
  )
  expect(locationsIn(null)).toEqual([])
})

it('symbols are in the order of the file, each with what it is in', () => {
  const late = { start: { line: 9, character: 0 }, end: { line: 9, character: 1 } }
  const nested = [
    { name: 'late', range: late, selectionRange: late },
    {
      name: 'Box',
      range,
      selectionRange: range,
      children: [{ name: 'open', range: late, selectionRange: late }],
    },
  ]
  expect(symbolsIn(nested).map(({ name, within }) => [name, within])).toEqual([
    ['Box', ''],
    ['late', ''],
    ['open', 'Box'],
  ])
  expect(symbolsIn([{ name: 'flat', containerName: 'Box', location: { uri: 'file:///a', range } }])).toEqual([
    { name: 'flat', within: 'Box', range },
  ])
  // One that never ends is cut.
  const deep: { name: string; selectionRange: object; children: object[] } = {
    name: 'x',
    selectionRange: range,
    children: [],
  }
  deep.children.push(deep)
  expect(symbolsIn([deep]).length).toBeLessThan(30)
})

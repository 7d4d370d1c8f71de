import { expect, it } from 'vitest'
import { draftsOf, newStep, stepsOf } from './step-draft'

const stored = [
  {
    id: 'file',
    title: 'Make loop.py',
    checked: true,
    check: { command: 'test -f loop.py', timeoutSeconds: 5 },
  },
  { id: 'read', title: 'Read', checked: false, check: null },
]

it('steps that are not touched stay as they are', () => {
  expect(stepsOf(draftsOf(stored))).toEqual([
    { id: 'file', title: 'Make loop.py', check: { command: 'test -f loop.py', timeoutSeconds: 5 } },
    { id: 'read', title: 'Read' },
  ])
})

it('a new step has an id of its title that no other has, in every language', () => {
  const more = [...draftsOf(stored)]
  for (const title of ['File', '写一个循环', '运行']) more.push({ ...newStep(more), title, checked: false })
  expect(stepsOf(more).map(({ id }) => id)).toEqual(['file', 'read', 'file-2', 'step', 'step-2'])
  expect(new Set(more.map(({ key }) => key)).size).toBe(5)
  const long = stepsOf([{ ...newStep([]), title: `${'a'.repeat(31)} and more`, checked: false }])
  expect(long[0]?.id).toBe('a'.repeat(31))
})

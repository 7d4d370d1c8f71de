import { describe, expect, it } from 'vitest'
import { didYouMean, suggest } from './suggest.js'

describe('a mistyped word', () => {
  const commands = ['sandbox ls', 'sandbox create', 'exec', 'login', 'logout', 'logs', 'run', 'runs ls']

  it.each([
    ['exce', 'exec'],
    ['lgoin', 'login'],
    ['sandbox lst', 'sandbox ls'],
    ['sandbx create', 'sandbox create'],
    ['log', 'logs'],
  ])('%s is taken for %s', (word, meant) => {
    expect(suggest(word, commands)).toBe(meant)
    expect(didYouMean(word, commands)).toBe(`; did you mean ${meant}?`)
  })

  it.each(['kubectl', 'x', ''])('%j is taken for nothing', (word) => {
    expect(suggest(word, commands)).toBeUndefined()
    expect(didYouMean(word, commands)).toBe('')
  })
})

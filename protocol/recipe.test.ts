import { describe, expect, it } from 'vitest'
import { commandsOf } from './recipe.js'

describe('the command lines of a recipe', () => {
  const recipe = {
    compile: ['cc', '-o', '{stem}', '{file}'],
    run: ['./{stem}', '{directory}', '{name}', '{other}'],
  }

  it.each([
    ['main.c', ['cc', '-o', 'main', 'main.c'], ['./main', '.', 'main', '{other}']],
    ['src/a.b.c', ['cc', '-o', 'src/a.b', 'src/a.b.c'], ['./src/a.b', 'src', 'a.b', '{other}']],
    ['.hidden', ['cc', '-o', '.hidden', '.hidden'], ['./.hidden', '.', '.hidden', '{other}']],
    ['-rf.c', ['cc', '-o', '-rf', './-rf.c'], ['./-rf', '.', '-rf', '{other}']],
  ])('are those for %s', (path, compile, run) => {
    expect(commandsOf(recipe, path)).toEqual({ compile, run })
  })
})

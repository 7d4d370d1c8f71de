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

  it('name every source of the language, and limits where the runtime cannot see them', () => {
    const limited = {
      compile: ['cc', '{sources}', '-J{heapMiB}'],
      run: ['vm', '-m{memoryMiB}', '-h{heapMiB}', '-c{cpus}'],
    }
    const options = {
      files: ['main.c', 'lib/b.c', '-x.c', 'note.txt', 'a.h', 'x.cpp'],
      ...{ memoryMiB: { compile: 1024, run: 256 }, cpus: 0.5 },
    }
    expect(commandsOf(limited, 'main.c', options)).toEqual({
      compile: ['cc', 'main.c', 'lib/b.c', './-x.c', '-J716'],
      run: ['vm', '-m256', '-h179', '-c1'],
    })
    const cpp = commandsOf(limited, 'a.cpp', { files: ['b.cc', 'a.cpp', 'c.c'] })
    expect(cpp.compile).toEqual(['cc', 'a.cpp', 'b.cc', '-J716'])
  })
})

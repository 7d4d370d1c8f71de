import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gitServer } from '../../e2e/git-server.js'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'
import { cloneInto, repositoryOf } from './clone.js'

describe('cloche sandbox create --repository', () => {
  let line: CommandLine
  beforeAll(async () => {
    line = await openCommandLine()
  })
  afterAll(() => line[Symbol.asyncDispose]())

  it('says what git said when it cannot clone, and keeps the sandbox', async () => {
    const { code, out, err } = await line.call([
      'sandbox',
      'create',
      'lost',
      '--repository',
      'http://127.0.0.1:9/x.git',
    ])
    expect([code, out]).toEqual([1, expect.stringMatching(/^sb_/)])
    expect(err).toMatch(/unable to access[\s\S]*was created and is kept/)
    expect(await line.ok('exec', 'lost', 'ls')).toBe('')
    expect(() => repositoryOf('https://ann:secret@h.example/x')).toThrow(/CLOCHE_GIT_TOKEN/)
    expect(repositoryOf('git@h.example:a/b.git')).toBe('git@h.example:a/b.git')
  })

  it('clones with a token of the environment that is nowhere in the sandbox', async () => {
    await line.ok('exec', 'box', gitServer())
    const sandbox = line.cloche.sandboxes.at(line.box)
    const at = 'http://127.0.0.1:8418/project.git'
    const signIn = { CLOCHE_GIT_USERNAME: 'ann', CLOCHE_GIT_TOKEN: 'right-word' }
    await expect(cloneInto(sandbox, at, { ...signIn, CLOCHE_GIT_TOKEN: 'wrong' })).rejects.toThrow(
      /could not clone/,
    )
    await cloneInto(sandbox, at, signIn)
    expect(await line.ok('exec', 'box', 'cat project/README')).toBe('hello\n')
    expect(await line.ok('exec', 'box', 'grep -rsl right-word /home /tmp | grep -v server.py || true')).toBe(
      '',
    )
  })
})

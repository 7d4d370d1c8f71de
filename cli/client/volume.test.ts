import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

describe('cloche volume', () => {
  let line: CommandLine
  beforeAll(async () => {
    line = await openCommandLine()
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

  it('makes volumes, fills them, mounts them, keeps them and deletes them', async () => {
    const id = (await ok('volume', 'create', 'data', '--size', '16m')).trim()
    expect(id).toMatch(/^vl_/)
    await writeFile(join(line.home, 'words.txt'), 'one two\n')
    await ok('volume', 'cp', join(line.home, 'words.txt'), 'data:/in/words.txt')
    expect(await ok('volume', 'files', 'data', '/in')).toContain('words.txt')
    expect(await line.call(['volume', 'search', 'data', 'TWO'])).toMatchObject({ code: 1, out: '' })
    expect(await ok('volume', 'search', 'data', 'two', '/in')).toBe('/in/words.txt:1:one two\n')
    await ok('volume', 'resize', 'data', '32m')
    await ok('sandbox', 'create', 'reader', '--volume', 'data:/srv/data:ro')
    expect(
      await ok('exec', 'reader', 'cat /srv/data/in/words.txt; touch /srv/data/x 2>/dev/null || echo no'),
    ).toBe('one two\nno\n')
    expect(await ok('volume', 'ls')).toMatch(/data +32 MiB.* reader:\/srv\/data:ro/)
    expect(await line.call(['volume', 'rm', 'data'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('in use by reader'),
    })
    const kept = (await ok('volume', 'snapshot', 'data', 'kept')).trim()
    expect(await ok('volume', 'snapshots', 'data')).toContain(kept)
    await ok('volume', 'create', 'copy', '--from', 'kept')
    await ok('volume', 'cp', 'copy:in/words.txt', join(line.home, 'back.txt'))
    expect(await readFile(join(line.home, 'back.txt'), 'utf8')).toBe('one two\n')
    await ok('sandbox', 'rm', 'reader')
    await ok('volume', 'rename', 'data', 'old')
    await ok('volume', 'rm', 'old', 'copy')
    await ok('volume', 'rm-snapshot', 'kept')
    expect(JSON.parse(await ok('volume', 'ls', '--json'))).toEqual([])
  })

  it('says what is wrong', async () => {
    expect(await line.call(['volume', 'rm', 'none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no volume none'),
    })
    expect(await line.call(['sandbox', 'create', '--volume', 'data'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('VOLUME:PATH'),
    })
    expect(await line.call(['volume', 'create'])).toMatchObject({ code: 2 })
  })
})

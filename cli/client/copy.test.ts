import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

describe('cloche cp', () => {
  let line: CommandLine
  let home: CommandLine['home']

  beforeAll(async () => {
    line = await openCommandLine('copy')
    ;({ home } = line)
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const call: CommandLine['call'] = (...args) => line.call(...args)
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

  const put = async (name: string, content: string) => {
    await mkdir(join(home, name, '..'), { recursive: true })
    await writeFile(join(home, name), content)
    return join(home, name)
  }

  it('copies files in and out, into directories and under new names', async () => {
    const file = await put('a.txt', 'hello\n')
    await chmod(file, 0o750)
    await ok('cp', file, 'box:in/b.txt')
    await ok('cp', file, 'box:in')
    await ok('cp', file, 'box:')
    expect(await ok('exec', 'box', 'cat in/b.txt in/a.txt a.txt; stat -c %a a.txt')).toBe(
      'hello\nhello\nhello\n750\n',
    )
    await ok('cp', 'box:a.txt', join(home, 'back.txt'))
    expect(await readFile(join(home, 'back.txt'), 'utf8')).toBe('hello\n')
    expect((await stat(join(home, 'back.txt'))).mode & 0o777).toBe(0o750)
    await mkdir(join(home, 'dir'))
    await ok('cp', 'box:/home/user/in/b.txt', join(home, 'dir'))
    expect(await readFile(join(home, 'dir/b.txt'), 'utf8')).toBe('hello\n')
  })

  it('copies stdin in, and a file to stdout', async () => {
    expect(await call(['cp', '-', 'box:piped'], 'from a pipe')).toMatchObject({ code: 0 })
    expect(await ok('cp', 'box:piped', '-')).toBe('from a pipe')
  })

  it('copies directories both ways, with links and modes', async () => {
    await put('tree/deep/one', '1\n')
    await put('tree/big', 'x'.repeat(1_000_000))
    await symlink('deep/one', join(home, 'tree/link'))
    await ok('cp', join(home, 'tree'), 'box:copied')
    await ok('cp', join(home, 'tree'), 'box:copied')
    const find = 'cd copied && find . | sort && cat link tree/link && wc -c < big'
    expect(await ok('exec', 'box', find)).toBe(
      `${['.', './big', './deep', './deep/one', './link', './tree', './tree/big', './tree/deep', './tree/deep/one', './tree/link'].join('\n')}\n1\n1\n1000000\n`,
    )
    await ok('cp', 'box:copied/tree', join(home, 'fetched'))
    expect(await readFile(join(home, 'fetched/deep/one'), 'utf8')).toBe('1\n')
    expect(await readlink(join(home, 'fetched/link'))).toBe('deep/one')
    expect((await stat(join(home, 'fetched/big'))).size).toBe(1_000_000)
  })

  it('is not led out of its target by what is in the sandbox', async () => {
    await ok('exec', 'box', `mkdir evil; ln -s ${home} evil/out; ln -s / evil/root`)
    await ok('cp', 'box:evil', join(home, 'evil'))
    await put('evil2/x', '')
    await symlink(home, join(home, 'evil2/sub'))
    await ok('exec', 'box', 'mkdir -p evil2/sub; echo got you > evil2/sub/got')
    const led = await call(['cp', 'box:evil2/.', join(home, 'evil2')])
    expect(led).toMatchObject({ code: 1, err: expect.stringContaining('is in the way') })
    await expect(stat(join(home, 'got'))).rejects.toThrow(/ENOENT/)
  })

  it('says what is wrong', async () => {
    expect(await call(['cp', join(home, 'none'), 'box:x'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no'),
    })
    expect(await call(['cp', 'box:none', home])).toMatchObject({ code: 3 })
    expect(await call(['cp', 'box:a.txt', '/proc/none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOENT'),
    })
    expect(await call(['cp', 'a', 'b'])).toMatchObject({ code: 2 })
    expect(await call(['cp', 'box:a', 'box:b'])).toMatchObject({ code: 2 })
    expect(await call(['cp', '-', 'box:in'])).toMatchObject({ code: 1 })
  })

  it('says how `--json` programs want it', async () => {
    expect(JSON.parse(await ok('cp', '--json', 'box:a.txt', join(home, 'x')))).toMatchObject({ bytes: 6 })
  })
})

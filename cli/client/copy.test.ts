import { once } from 'node:events'
import { chmod, link, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

describe('cloche cp', () => {
  let line: CommandLine
  let home: CommandLine['home']

  beforeAll(async () => {
    line = await openCommandLine()
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

  it('leaves out what it cannot copy, says so, and copies the rest', async () => {
    await put('odd/a', 'a\n')
    await put('odd/z', 'z\n')
    await symlink('nowhere', join(home, 'odd/dangling'))
    await mkdir(join(home, 'odd/private'), { mode: 0o700 })
    await link(join(home, 'odd/a'), join(home, 'odd/private/same'))
    const socket = createServer().listen(join(home, 'odd/socket'))
    await once(socket, 'listening')
    const sent = await call(['cp', join(home, 'odd'), 'box:odd'])
    socket.close()
    expect(sent).toMatchObject({
      code: 1,
      err: expect.stringMatching(/left out .*odd\/socket: it is a socket/),
    })
    const seen = await ok(
      'exec',
      'box',
      'cd odd; ls -A; readlink dangling; stat -c %a private; stat -c %h a; cat z',
    )
    expect(seen).toBe('a\ndangling\nprivate\nz\nnowhere\n700\n2\nz\n')
    await ok('exec', 'box', 'mkfifo odd/pipe')
    expect(await call(['cp', 'box:odd', join(home, 'odd-back')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/left out .*odd-back\/pipe: it is a named pipe/),
    })
    expect((await stat(join(home, 'odd-back/private'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(home, 'odd-back/a'))).nlink).toBe(2)
    expect(await readlink(join(home, 'odd-back/dangling'))).toBe('nowhere')
  })

  it('copies what goes away meanwhile as far as it is there', async () => {
    for (let number = 0; number < 3000; number++) await put(`moving/${number}`, 'x')
    const removing = (async () => {
      for (let number = 2999; number >= 0; number--) await rm(join(home, `moving/${number}`))
    })()
    const sent = await call(['cp', join(home, 'moving'), 'box:moving'])
    await removing
    // How many are there in time is chance; that it ends in order, and says what is missing, is not.
    expect(sent.err).not.toMatch(/ENOENT|cannot be reached/)
    expect(sent.code).toBe(sent.err === '' ? 0 : 1)
    await ok('exec', 'box', 'test -d moving')
  })

  it('copies names that are not UTF-8, both ways', async () => {
    const name = (...bytes: number[]) =>
      Buffer.concat([Buffer.from(`${home}/bytes/caf`), Buffer.of(...bytes)])
    await mkdir(join(home, 'bytes'))
    await writeFile(name(0xe9), 'e9')
    await writeFile(name(0xe8), 'e8')
    await ok('cp', join(home, 'bytes'), 'box:bytes')
    expect(
      await ok('exec', 'box', String.raw`cat "$(printf 'bytes/caf\351')" "$(printf 'bytes/caf\350')"`),
    ).toBe('e9e8')
    expect(await ok('cp', 'box:file:bytes/caf%E9', '-')).toBe('e9')
    await ok('cp', 'box:bytes', join(home, 'bytes2'))
    const back = Buffer.concat([Buffer.from(`${home}/bytes2/caf`), Buffer.of(0xe8)])
    expect(await readFile(back, 'utf8')).toBe('e8')
  })

  it('copies directories however deep they are', async () => {
    const deep = Array(301).fill('d').join('/')
    await put(`deep/${deep}/file`, 'deep\n')
    await ok('cp', join(home, 'deep'), 'box:deep')
    expect(await ok('exec', 'box', `cat deep/${deep}/file`)).toBe('deep\n')
    await ok('cp', 'box:deep', join(home, 'deep2'))
    expect(await readFile(join(home, `deep2/${deep}/file`), 'utf8')).toBe('deep\n')
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

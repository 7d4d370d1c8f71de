import { Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { openTestFiles } from '../testing/test-files.js'
import { type AppendOptions, appendFile } from './append.js'
import { changeMode } from './chmod.js'
import { copyPath } from './copy.js'
import { removePath } from './remove.js'
import { statPath } from './tree.js'

const files = await openTestFiles('copy', 4)
const { sandbox, root, read, write, codeOf } = files
afterAll(() => files[Symbol.asyncDispose]())

const inside = async (script: string) => {
  const { code, output } = await sandbox.inside(script)
  expect(code, output).toBe(0)
  return output
}
const append = (path: string, content: string | AsyncIterable<Uint8Array>, options: AppendOptions = {}) =>
  appendFile(
    root,
    path,
    typeof content === 'string' ? Readable.from([Buffer.from(content)]) : content,
    options,
  )

describe('a copy', () => {
  it('of a tree keeps modes, links, holes and odd names', async () => {
    await inside(
      `mkdir -p from/deep; cd from; echo 1 >deep/one; chmod 750 deep/one; ln -s ../nowhere dangling; ln -s . cycle
       ln deep/one hard; truncate -s 1G sparse; mkfifo pipe; touch "$(printf 'odd\\377\\n')" ' -rf' "$(printf '%0255d' 0)"`,
    )
    expect(await copyPath(root, 'from', 'made/to')).toMatchObject({ type: 'directory' })
    const list = (at: string) => inside(`cd ${at}; find . -printf '%P %y %m %l %n %s\\n' | LC_ALL=C sort`)
    expect(await list('made/to')).toBe(await list('from'))
    expect(Number(await inside('du -k made/to/sparse | cut -f1'))).toBeLessThan(1024)
    expect(await inside('stat -c %U:%G made/to/deep/one')).toBe('user:user')
    expect(await inside('ls -A made')).toBe('to')
  })

  it('of one file or one link is one; what is at the place gives way only when that is wanted', async () => {
    await write('one', 'one', 0o640)
    await inside('ln -sf one link; echo two >two')
    expect(await copyPath(root, 'one', 'copied')).toMatchObject({ type: 'file', mode: '640' })
    expect(await copyPath(root, 'link', 'linked')).toMatchObject({ type: 'symlink', target: 'one' })
    expect(await codeOf(() => copyPath(root, 'one', 'two'))).toBe('conflict')
    expect(await read('two')).toBe('two\n')
    await copyPath(root, 'one', 'two', { overwrite: true })
    expect(await read('two')).toBe('one')
    await inside('ln -s nowhere dangling')
    expect(await codeOf(() => copyPath(root, 'one', 'dangling'))).toBe('conflict')
    expect(await copyPath(root, '/usr/share/common-licenses', 'licences')).toMatchObject({
      type: 'directory',
    })
    expect(await inside('ls -A | grep new_ || true')).toBe('')
  })

  it.each([
    ['itself', 'd', 'd'],
    ['a place inside it', 'd', 'd/e/f/g'],
    ['a place inside it by another way', 'd', 'into-d/new'],
    ['a directory that is there', 'd', 'other'],
    ['a file', 'd', 'file'],
  ])('of a directory is refused into %s', async (_, from, to) => {
    await inside('mkdir -p d/e other; ln -sfn d/e into-d; echo x >file')
    for (const overwrite of [false, true]) {
      expect(await codeOf(() => copyPath(root, from, to, { overwrite }))).toBe('conflict')
    }
    expect(await inside('find d other file')).toBe('d\nd/e\nother\nfile')
  })

  it('is refused of what cannot be copied, and leaves nothing of what does not fit', async () => {
    await inside('head -c 40M /dev/zero >big; python3 -c "import socket; socket.socket(1).bind(\'sock\')"')
    expect(await codeOf(() => copyPath(root, 'sock', 's'))).toBe('conflict')
    expect(await codeOf(() => copyPath(root, '/dev/null', 'n'))).toBe('conflict')
    expect(await codeOf(() => copyPath(root, '/proc/version', 'v'))).toBe('forbidden')
    expect(await codeOf(() => copyPath(root, 'nowhere', 'v'))).toBe('file_not_found')
    expect(await codeOf(() => copyPath(root, 'big', '/dev/shm/big'))).toBe('forbidden')
    expect(await codeOf(() => copyPath(root, 'big', 'too'))).toBe('disk_full')
    expect(await inside('ls -A | grep -E "too|new_" || true')).toBe('')
    await removePath(root, 'big', false)
  })
})

describe('an append', () => {
  it('writes behind the end, and makes the file with its parents', async () => {
    expect(await append('log/app.log', 'one\n', { mode: 0o600 })).toMatchObject({
      ...{ created: true, entry: { sizeBytes: 4, mode: '600', uid: 1000 } },
    })
    expect((await append('log/app.log', 'two\n')).created).toBe(false)
    expect(await read('log/app.log')).toBe('one\ntwo\n')
  })

  it('at an offset goes on only there, and says where', async () => {
    await append('upload', '01234', { offset: 0 })
    await append('upload', '56789', { offset: 5 })
    for (const offset of [0, 9, 11]) {
      await expect(append('upload', 'x', { offset })).rejects.toMatchObject({
        ...{ code: 'offset_mismatch', sizeBytes: 10 },
      })
    }
    await expect(append('fresh', 'x', { offset: 1 })).rejects.toMatchObject({ sizeBytes: 0 })
    expect([await read('upload'), await codeOf(() => statPath(root, 'fresh'))]).toEqual([
      ...['0123456789', 'file_not_found'],
    ])
  })

  it('that breaks off leaves what has arrived, from where it is continued', async () => {
    const broken = async function* () {
      yield Buffer.from('first half, ')
      throw new Error('the connection broke')
    }
    await expect(append('resumed', broken(), { offset: 0 })).rejects.toThrow('broke')
    const { sizeBytes } = await statPath(root, 'resumed')
    await append('resumed', 'second half', { offset: sizeBytes })
    expect(await read('resumed')).toBe('first half, second half')
  })

  it('never replaces what somebody else writes meanwhile', async () => {
    const meanwhile = async function* (act: () => Promise<unknown>) {
      yield Buffer.from('first ')
      await act()
      yield Buffer.from('second')
    }
    const other = () => inside('printf "inside " >>both')
    expect(await codeOf(() => append('both', meanwhile(other), { offset: 0 }))).toBe('offset_mismatch')
    expect(await read('both')).toBe('first inside ')
    await append('both', meanwhile(other))
    expect(await read('both')).toBe('first inside first inside second')
    const replace = () => write('both', 'replaced')
    expect(await codeOf(() => append('both', meanwhile(replace)))).toBe('precondition_failed')
    expect(await read('both')).toBe('replaced')
  })

  it('of two callers at one offset lets one go on', async () => {
    const codes = ['a', 'b', 'c'].map((content) => codeOf(() => append('raced', content, { offset: 0 })))
    expect((await Promise.all(codes)).sort()).toEqual(['no error', 'offset_mismatch', 'offset_mismatch'])
    expect(await read('raced')).toHaveLength(1)
  })

  it('never blocks, and never leaves the disk of the sandbox', async () => {
    await inside('mkfifo fifo; mkdir dir')
    expect(await codeOf(() => append('fifo', 'x'))).toBe('conflict')
    expect(await codeOf(() => append('dir', 'x'))).toBe('conflict')
    expect(await codeOf(() => append('/dev/shm/x', 'x'))).toBe('forbidden')
    expect(await codeOf(() => append('/proc/self/comm', 'x'))).not.toBe('no error')
  })
})

describe('a change of mode', () => {
  it('is of the file that a link leads to, and only on the disk', async () => {
    await write('m/file', 'x')
    await inside('ln -s file m/link')
    expect(await changeMode(root, 'm/link', 0o751)).toMatchObject({ path: 'm/link', mode: '751' })
    expect(await inside('stat -c %a m/file')).toBe('751')
    expect(await changeMode(root, 'm', 0o2770)).toMatchObject({ type: 'directory', mode: '2770' })
    expect(await codeOf(() => changeMode(root, '/dev/null', 0o777))).toBe('forbidden')
    expect(await codeOf(() => changeMode(root, '/proc/self/mem', 0o777))).not.toBe('no error')
    expect(await codeOf(() => changeMode(root, 'm/none', 0o777))).toBe('file_not_found')
  })
})

import { Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { bytesOf, openTestFiles } from '../testing/test-files.js'
import { copyPath, copyTree } from './copy.js'
import { withLock } from './lock.js'
import { movePath } from './move.js'
import { type ReadWish, readFile } from './read.js'
import { removePath } from './remove.js'
import { statPath, treeOf } from './tree.js'
import { writeFile } from './write.js'

const files = await openTestFiles('etag', 3)
const { sandbox, root, read, write, codeOf } = files
afterAll(() => files[Symbol.asyncDispose]())

const tagOf = async (path: string) => (await statPath(root, path)).etag ?? ''
const writeIf = (path: string, content: string, condition: { ifMatch?: string; ifNoneMatch?: string }) =>
  writeFile(root, path, Readable.from([Buffer.from(content)]), undefined, condition)

describe('the entity tag of a file', () => {
  it('is the same in every answer, and stays while the file does', async () => {
    const { entry } = await write('t/tagged', 'content')
    expect(entry.etag).toMatch(/^"[\w.-]+"$/)
    expect(await tagOf('t/tagged')).toBe(entry.etag)
    expect(treeOf(root, 't', 1).entries[0]?.etag).toBe(entry.etag)
    const { etag, content } = await readFile(root, 't/tagged')
    expect([etag, (await bytesOf(content)).toString()]).toEqual([entry.etag, 'content'])
    await sandbox.inside('cat t/tagged; ln -s tagged t/link; mkfifo t/pipe')
    const others = treeOf(root, 't', 1).entries.map((one) => [one.name, one.etag])
    expect(others).toEqual([
      ['link', null],
      ['pipe', null],
      ['tagged', entry.etag],
    ])
  })

  it.each([
    [
      'is written with as many bytes, and given its old time back',
      'touch -r f ref; echo B >f; touch -r ref f',
    ],
    ['is replaced by another one of the same time', 'cp -p f g; mv g f'],
    ['gets another mode', 'chmod 600 f'],
    ['grows', 'echo >>f'],
  ])('is another one after the file %s', async (_, script) => {
    await sandbox.inside('echo A >f')
    const before = await tagOf('f')
    expect((await sandbox.inside(script)).code).toBe(0)
    expect(await tagOf('f')).not.toBe(before)
  })

  it('tells apart writes that follow each other at once', async () => {
    const tags = new Set<string | null>()
    for (let i = 0; i < 200; i++) tags.add((await write('quick', String(i % 10))).entry.etag)
    expect(tags.size).toBe(200)
    // Of programs too, which write into one inode.
    const script =
      "import os\nf=os.open('same',os.O_CREAT|os.O_RDWR)\ns=set()\nfor i in range(500):\n  os.pwrite(f,b'%03d'%i,0); t=os.fstat(f); s.add((t.st_mtime_ns,t.st_ctime_ns))\nprint(len(s))"
    expect((await sandbox.inside(`python3 -c "${script}"`)).output).toBe('500')
  })
})

describe('a write with a condition', () => {
  it('replaces the file that it means, and says what the next one may mean', async () => {
    const first = (await write('doc', 'one')).entry.etag ?? ''
    const { entry } = await writeIf('doc', 'two', { ifMatch: `"another", ${first}` })
    expect(await codeOf(() => writeIf('doc', 'three', { ifMatch: first }))).toBe('precondition_failed')
    expect(await codeOf(() => writeIf('doc', 'three', { ifMatch: `W/${entry.etag}` }))).toBe(
      'precondition_failed',
    )
    await writeIf('doc', 'three', { ifMatch: entry.etag ?? '' })
    expect(await read('doc')).toBe('three')
    await writeIf('doc', 'four', { ifMatch: '*' })
  })

  it('is refused when the file was changed by a program, is gone, or is something else', async () => {
    const etag = (await write('doc', 'one')).entry.etag ?? ''
    await sandbox.inside('echo >>doc')
    expect(await codeOf(() => writeIf('doc', 'two', { ifMatch: etag }))).toBe('precondition_failed')
    await removePath(root, 'doc', false)
    expect(await codeOf(() => writeIf('doc', 'two', { ifMatch: etag }))).toBe('precondition_failed')
    expect(await codeOf(() => writeIf('doc', 'two', { ifMatch: '*' }))).toBe('precondition_failed')
    expect(await codeOf(() => read('doc'))).toBe('file_not_found')
    expect((await sandbox.inside('ls -A | grep new_')).output).toBe('')
  })

  it('is looked at again when all has arrived: what a program did meanwhile stays', async () => {
    const etag = (await write('slow', 'one')).entry.etag ?? ''
    const content = async function* () {
      yield Buffer.from('from ')
      await sandbox.inside('echo inside >slow; echo inside >fresh')
      yield Buffer.from('outside')
    }
    const late = (path: string, condition: object) =>
      codeOf(() => writeFile(root, path, content(), undefined, condition))
    expect(await late('slow', { ifMatch: etag })).toBe('precondition_failed')
    expect(await read('slow')).toBe('inside\n')
    await removePath(root, 'fresh', false)
    expect(await late('fresh', { ifNoneMatch: '*' })).toBe('precondition_failed')
    expect(await read('fresh')).toBe('inside\n')
    expect((await sandbox.inside('ls -A | grep new_')).output).toBe('')
  })

  it('lets one of many writers at once through, whatever the condition and the way to the file', async () => {
    await sandbox.inside('mkdir -p real; ln -s real alias; ln -s real/one direct')
    for (let round = 0; round < 10; round++) {
      await removePath(root, 'real/one', false).catch(() => {})
      const ways = ['real/one', 'alias/one', 'direct', '/home/user/real/one']
      const race = async (condition: object) => {
        const codes = await Promise.all(ways.map((path) => codeOf(() => writeIf(path, path, condition))))
        return codes.sort()
      }
      const oneWins = ['no error', ...Array(3).fill('precondition_failed')]
      expect(await race({ ifNoneMatch: '*' })).toEqual(oneWins)
      expect(await race({ ifMatch: await tagOf('real/one') })).toEqual(oneWins)
    }
  })

  it('and moves and removals of one name come one after the other', async () => {
    for (let round = 0; round < 20; round++) {
      const etag = (await write('m/a', 'a')).entry.etag ?? ''
      await write('m/b', 'b')
      const [written, moved] = await Promise.all([
        codeOf(() => writeIf('m/a', 'written', { ifMatch: etag })),
        codeOf(() => movePath(root, 'm/b', 'm/a', { overwrite: true })),
        codeOf(() => movePath(root, 'm/a', 'm/b', { overwrite: true })),
      ])
      expect(['no error', 'precondition_failed']).toContain(written)
      expect(['no error', 'file_not_found']).toContain(moved)
    }
  })
})

describe('a change of a file that is there, with a condition', () => {
  const stale = '"another"'
  const meaning = (etag: string) => ({ fromEtag: etag })

  it('deletes, moves and copies only the file that it means', async () => {
    const old = (await write('c/doc', 'one')).entry.etag ?? ''
    await sandbox.inside('echo more >>c/doc')
    expect(await codeOf(() => removePath(root, 'c/doc', true, { ifMatch: old }))).toBe('precondition_failed')
    expect(await codeOf(() => movePath(root, 'c/doc', 'c/moved', meaning(old)))).toBe('precondition_failed')
    expect(await codeOf(() => copyPath(root, 'c/doc', 'c/copied', meaning(old)))).toBe('precondition_failed')
    expect((await sandbox.inside('ls -A c; cat c/doc')).output).toBe('doc\nonemore')
    const now = await tagOf('c/doc')
    await copyPath(root, 'c/doc', 'c/copied', meaning(now))
    await movePath(root, 'c/doc', 'c/moved', meaning(await tagOf('c/doc')))
    await removePath(root, 'c/moved', false, { ifMatch: `${stale}, ${await tagOf('c/moved')}` })
    expect((await sandbox.inside('ls -A c')).output).toBe('copied')
  })

  it('replaces only the file at the new path that it means', async () => {
    for (const transfer of [movePath, copyPath]) {
      await write('c/new', 'new')
      const etag = (await write('c/old', 'old')).entry.etag ?? ''
      const replacing = (toEtag: string) => () =>
        transfer(root, 'c/new', 'c/old', { overwrite: true, toEtag })
      expect(await codeOf(replacing(stale))).toBe('precondition_failed')
      await sandbox.inside('echo mine >c/old')
      expect(await codeOf(replacing(etag))).toBe('precondition_failed')
      expect(await read('c/old')).toBe('mine\n')
      await replacing(await tagOf('c/old'))()
      expect(await read('c/old')).toBe('new')
      await removePath(root, 'c/old', false)
      expect(await codeOf(replacing('*'))).not.toBe('no error')
    }
  })

  it('is refused for a directory, which has no tag, and leaves it', async () => {
    await write('c/dir/file', 'content')
    expect(await codeOf(() => removePath(root, 'c/dir', true, { ifMatch: '*' }))).toBe('precondition_failed')
    expect(await codeOf(() => movePath(root, 'c/dir', 'c/else', meaning('*')))).toBe('precondition_failed')
    expect(await read('c/dir/file')).toBe('content')
  })

  it('copies nothing when the file changes while it is copied', async () => {
    const etag = (await write('c/source', 'one')).entry.etag ?? ''
    const copy: typeof copyTree = async (...args) => {
      await copyTree(...args)
      await sandbox.inside('echo late >c/source')
    }
    const copying = () => copyPath(root, 'c/source', 'c/target', { fromEtag: etag, copy })
    expect(await codeOf(copying)).toBe('precondition_failed')
    expect((await sandbox.inside('ls -A c | grep -e target -e new_')).output).toBe('')
  })
})

describe('a lock', () => {
  it('is given in turn, for several names at once, and also after a failure', async () => {
    const log: string[] = []
    const step = (keys: string[], name: string) =>
      withLock(keys, async () => {
        log.push(`${name} in`)
        await new Promise(setImmediate)
        log.push(`${name} out`)
        if (name === 'fails') throw new Error(name)
      }).catch(() => {})
    await Promise.all([step(['a', 'b'], 'fails'), step(['b', 'a'], 'second'), step(['b', 'b'], 'third')])
    expect(log.filter((_, i) => i % 2 === 0).map((entry) => entry.replace(' in', ' out'))).toEqual(
      log.filter((_, i) => i % 2 === 1),
    )
    expect(log).toHaveLength(6)
  })
})

describe('a read', () => {
  const content = async (wish: ReadWish) => {
    const file = await readFile(root, 'digits', wish)
    return [(await bytesOf(file.content)).toString(), file.part, file.unchanged]
  }

  it('gives the range that is asked for', async () => {
    await write('digits', '0123456789')
    expect(await content({ range: 'bytes=2-4' })).toEqual(['234', { first: 2, last: 4 }, false])
    expect(await content({ range: 'bytes=7-' })).toEqual(['789', { first: 7, last: 9 }, false])
    expect(await content({ range: 'bytes=-3' })).toEqual(['789', { first: 7, last: 9 }, false])
    expect(await content({ range: 'bytes=8-1000000000000000000000' })).toEqual([
      ...['89', { first: 8, last: 9 }, false],
    ])
    expect(await content({ range: 'bytes=-1000' })).toEqual(['0123456789', { first: 0, last: 9 }, false])
  })

  it('gives all where the range is none, several, or of another file', async () => {
    for (const range of ['bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=a-b']) {
      expect(await content({ range }), range).toEqual(['0123456789', undefined, false])
    }
    const etag = await tagOf('digits')
    expect((await content({ range: 'bytes=2-4', ifRange: etag }))[0]).toBe('234')
    expect((await content({ range: 'bytes=2-4', ifRange: '"another"' }))[0]).toBe('0123456789')
    expect((await content({ range: 'bytes=2-4', ifRange: `W/${etag}` }))[0]).toBe('0123456789')
  })

  it('behind the end is refused, with the size', async () => {
    for (const range of ['bytes=10-', 'bytes=-0']) {
      await expect(readFile(root, 'digits', { range })).rejects.toMatchObject({
        ...{ code: 'range_not_satisfiable', sizeBytes: 10 },
      })
    }
    await write('empty', '')
    expect(await codeOf(() => readFile(root, 'empty', { range: 'bytes=0-' }))).toBe('range_not_satisfiable')
  })

  it('gives nothing to who has it already', async () => {
    const etag = await tagOf('digits')
    expect(await content({ ifNoneMatch: `"x", W/${etag}` })).toEqual(['', undefined, true])
    expect((await content({ ifNoneMatch: '"x"' }))[2]).toBe(false)
  })
})

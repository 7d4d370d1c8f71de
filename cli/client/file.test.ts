import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'
import { type BreakableLine, openProxy } from '../../testing/proxy.js'

let line: CommandLine
let home: string
beforeAll(async () => {
  line = await openCommandLine()
  ;({ home } = line)
})
afterAll(() => line?.[Symbol.asyncDispose]())
const call: CommandLine['call'] = (...args) => line.call(...args)
const ok: CommandLine['ok'] = (...args) => line.ok(...args)
const inside = (script: string) => ok('exec', 'box', script)

describe('cloche file', () => {
  it('appends stdin and local files, and lists what is there', async () => {
    expect(await call(['file', 'append', 'box:log/all'], 'one\n')).toMatchObject({ code: 0, err: '' })
    await writeFile(join(home, 'two'), 'two\n')
    await ok('file', 'append', 'box:log/all', join(home, 'two'))
    expect(await inside('cat log/all')).toBe('one\ntwo\n')
    expect(await ok('file', 'ls', 'box:log')).toMatch(/^MODE +TYPE +SIZE +AGE +PATH\n644 +file +8 B .*all\n$/)
    expect(await call(['file', 'append', 'box:log/all', join(home, 'none')])).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('ENOENT') },
    })
  })

  it('moves, copies, deletes and gives permissions', async () => {
    await inside('mkdir d; echo 1 > d/one; echo 2 > d/two')
    await ok('file', 'cp', 'box:d', 'e')
    await ok('file', 'mv', 'box:e/one', 'e/first')
    await ok('file', 'chmod', '750', 'box:e/first', 'box:e/two')
    expect(await call(['file', 'mv', 'box:e/first', 'e/two'])).toMatchObject({ code: 1 })
    await ok('file', 'mv', '--overwrite', 'box:e/first', 'e/two')
    expect(await inside('ls e; cat e/two; stat -c %a e/two')).toBe('two\n1\n750\n')
    expect(await call(['file', 'rm', 'box:e'])).toMatchObject({ code: 1 })
    await ok('file', 'rm', '-r', 'box:e', 'box:d')
    expect(await inside('ls -d d e 2>/dev/null; true')).toBe('')
  })

  it('changes only the file that is meant', async () => {
    await inside('echo 1 > meant')
    const etag = async () => JSON.parse(await ok('file', 'stat', '--json', 'box:meant')).etag
    const old = await etag()
    expect(await ok('file', 'stat', 'box:meant')).toContain(`  ${old}\n`)
    await inside('echo 2 >> meant')
    for (const words of [
      ['file', 'rm', '--if-match', old, 'box:meant'],
      ['file', 'mv', '--if-match', old, 'box:meant', 'x'],
      ['file', 'cp', '--if-match', old, 'box:meant', 'x'],
      ['file', 'cp', '--overwrite', '--to-etag', old, 'box:log/all', 'meant'],
    ]) {
      expect(await call(words)).toMatchObject({ err: expect.stringContaining('was changed meanwhile') })
    }
    expect(await inside('cat meant; ls x 2>/dev/null; true')).toBe('1\n2\n')
    await ok('file', 'rm', '--if-match', await etag(), 'box:meant')
  })

  it('signs URLs that read and write', async () => {
    await inside('echo signed > s')
    expect(await (await fetch((await ok('file', 'sign', '--for', '1m', 'box:s')).trim())).text()).toBe(
      'signed\n',
    )
    const url = (await ok('file', 'sign', '--write', 'box:s')).trim()
    expect((await fetch(url, { method: 'PUT', body: 'new' })).status).toBe(200)
    expect(await inside('cat s')).toBe('new')
  })

  it('says what is wrong', async () => {
    for (const words of [['ls', 'box'], ['mv', 'box:a'], ['chmod', '755'], ['rm']]) {
      expect(await call(['file', ...words])).toMatchObject({
        code: 2,
        err: expect.stringContaining('specify'),
      })
    }
    expect(await call(['file', 'chmod', '9', 'box:s'])).toMatchObject({
      err: expect.stringContaining('mode'),
    })
  })
})

describe('cloche cp --continue', () => {
  const content = randomBytes(40 * 1024 ** 2)
  const hash = createHash('sha256').update(content).digest('hex')
  let proxy: BreakableLine
  let local: string
  beforeAll(async () => {
    proxy = await openProxy(line.instance.url)
    local = join(home, 'big')
    await writeFile(local, content)
    await inside('rm -rf ~/*')
  })
  afterAll(() => proxy?.[Symbol.asyncDispose]())

  const sent = async () =>
    (
      await line.cloche.sandboxes
        .at(line.box)
        .files.stat('big')
        .catch(() => null)
    )?.sizeBytes ?? 0

  /** Breaks the connection once for each of some parts that have come, while `copying` goes on. */
  const breakWhile = async (copying: Promise<unknown>, size: () => Promise<number>) => {
    let [done, cuts, seen] = [false, 0, 0]
    void copying.finally(() => {
      done = true
    })
    while (!done && cuts < 3) {
      const now = await size()
      if (now === seen || now >= content.length) continue
      seen = now
      cuts++
      proxy.cut()
    }
    return cuts
  }

  it('goes on with an upload, also by itself when the connection breaks', async () => {
    const child = line.start(['cp', '--continue', local, 'box:big'], {
      CLOCHE_URL: proxy.url,
      CLOCHE_API_KEY: line.instance.admin.apiKey,
    })
    const ended = line.end(child)
    const cuts = await breakWhile(ended, sent)
    expect([cuts > 0, await ended]).toEqual([true, { code: 0, out: '', err: '' }])
    expect(await inside('sha256sum big')).toContain(hash)
    // Whole already: nothing is sent.
    expect(JSON.parse(await ok('cp', '--json', '--continue', local, 'box:big')).bytes).toBe(0)
  })

  it('sends only what is missing, and keeps what is there when it is no beginning', async () => {
    await inside('truncate -s 41000000 big')
    expect(JSON.parse(await ok('cp', '--json', '--continue', local, 'box:big')).bytes).toBe(
      content.length - 41_000_000,
    )
    expect(await inside('sha256sum big; echo more >>big')).toContain(hash)
    expect(await call(['cp', '--continue', local, 'box:big'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is longer than'),
    })
    await inside('truncate -s 41943040 big')
  })

  it('goes on with a download', async () => {
    const target = join(home, 'back')
    await writeFile(target, content.subarray(0, 1000))
    const child = line.start(['cp', '--continue', 'box:big', target], {
      CLOCHE_URL: proxy.url,
      CLOCHE_API_KEY: line.instance.admin.apiKey,
    })
    const ended = line.end(child)
    await breakWhile(ended, async () => (await readFile(target)).length)
    expect(await ended).toEqual({ code: 0, out: '', err: '' })
    expect(
      createHash('sha256')
        .update(await readFile(target))
        .digest('hex'),
    ).toBe(hash)
  })
})

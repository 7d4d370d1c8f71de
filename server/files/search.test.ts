import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  Cloche,
  InvalidRequest,
  type Sandbox,
  type SearchMatch,
  type SearchOptions,
} from '../../sdk/index.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const files = `
mkdir -p project/src project/build && cd project && git init -q
printf 'const größe = 1 // BEAN: größe\\r\\nnothing\\nBEAN again, BEAN\\n' > 'src/a file.ts'
printf 'bean -x\\n' > src/b.py
printf 'BEAN built\\n' > build/out.ts
printf 'build/\\n' > .gitignore
printf 'BEAN hidden\\n' > .env
head -c 3000 /dev/zero | tr '\\0' y > long.txt && printf 'NEEDLE' >> long.txt && head -c 3000 /dev/zero | tr '\\0' z >> long.txt
python3 -c "open(b'caf\\xe9', 'w').write('latin NEEDLE\\n')"
seq 100000 | sed 's/^/line MANY /' > many.txt`

describe('a search in files', () => {
  let instance: Instance
  let box: Sandbox

  beforeAll(async () => {
    instance = await sharedInstance()
    const cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    box = await cloche.sandboxes.create({ limits: { cpus: 1, memoryMiB: 256, diskMiB: 128 } })
    expect((await box.exec(files)).exitCode).toBe(0)
  })
  afterAll(() => instance?.[Symbol.asyncDispose]())

  const search = async (query: string, options: SearchOptions = {}) => {
    const found: SearchMatch[] = []
    const searching = box.files.search(query, { path: 'project', ...options })
    for (;;) {
      const { done, value } = await searching.next()
      if (done) return { found, end: value }
      found.push(value)
    }
  }
  const pathsOf = async (query: string, options?: SearchOptions) =>
    (await search(query, options)).found.map(({ path, line }) => `${path}:${line}`).toSorted()

  it('tells each line with where it is, in the units of an editor', async () => {
    const { found, end } = await search('BEAN', { case: 'sensitive' })
    expect(found).toEqual([
      {
        ...{ path: 'project/src/a file.ts', line: 1, column: 20, text: 'const größe = 1 // BEAN: größe' },
        ranges: [{ start: 19, end: 23 }],
      },
      {
        ...{ path: 'project/src/a file.ts', line: 3, column: 1, text: 'BEAN again, BEAN' },
        ranges: [
          { start: 0, end: 4 },
          { start: 12, end: 16 },
        ],
      },
    ])
    expect(end).toEqual({ matches: 2, files: 1, truncated: false })
    expect((await search('no such text')).end).toEqual({ matches: 0, files: 0, truncated: false })
  })

  it('minds letters, regular expressions, globs, hidden files and .gitignore as asked', async () => {
    expect(await pathsOf('bean')).toEqual([
      ...['project/src/a file.ts:1', 'project/src/a file.ts:3', 'project/src/b.py:1'],
    ])
    expect(await pathsOf('BEAN', { glob: '*.py', case: 'insensitive' })).toEqual(['project/src/b.py:1'])
    expect(await pathsOf('^bean .x$', { regex: true })).toEqual(['project/src/b.py:1'])
    expect(await pathsOf('^bean .x$')).toEqual([])
    expect(await pathsOf('-x')).toEqual(['project/src/b.py:1'])
    expect(await pathsOf('BEAN', { hidden: true, case: 'sensitive' })).toEqual([
      ...['project/.env:1', 'project/build/out.ts:1', 'project/src/a file.ts:1', 'project/src/a file.ts:3'],
    ])
  })

  it('shows the part of a long line that matters, and names that are not UTF-8', async () => {
    const { found } = await search('NEEDLE')
    const [latin, long] = found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
    expect(latin).toMatchObject({ path: 'file:project/caf%E9', text: 'latin NEEDLE' })
    expect(long).toMatchObject({ path: 'project/long.txt', column: 3001 })
    expect(long?.text).toHaveLength(500)
    const [range] = long?.ranges ?? []
    expect(long?.text.slice(range?.start, range?.end)).toBe('NEEDLE')
  })

  it('finds the same while the sandbox is paused or stopped, and leaves nothing behind', async () => {
    const awake = await search('BEAN', { case: 'sensitive' })
    for (const [begin, end] of [
      [() => box.pause(), () => box.resume()],
      [() => box.stop(), () => box.start()],
    ]) {
      await begin?.()
      const { found, end: numbers } = await search('BEAN', { case: 'sensitive' })
      expect({ found, end: numbers }).toEqual(awake)
      const three = await Promise.all([search('BEAN'), search('MANY', { limit: 1 }), search('no such text')])
      expect(three.map(({ end }) => end.matches)).toEqual([2, 1, 0])
      await expect(box.exec('true')).rejects.toMatchObject({ code: 'sandbox_not_running' })
      await end?.()
    }
  })

  it('runs what is called rg in a sandbox of its own, whose changes are lost', async () => {
    const impostor = `#!/bin/sh
echo by-the-search > /home/user/written; echo it ran`
    await box.files.write('impostor', impostor, { mode: '755' })
    const put = await box.exec('cp /home/user/impostor /usr/local/bin/rg', { user: 'root' })
    expect(put.exitCode).toBe(0)
    await box.stop()
    await expect(search('BEAN')).rejects.toThrow(/not ripgrep/)
    await box.start()
    expect((await box.exec('ls written')).exitCode).toBe(2)
    await box.exec('rm /usr/local/bin/rg', { user: 'root' })
  })

  it('ends at its limit, and when its reader leaves', async () => {
    expect((await search('MANY', { limit: 5 })).end).toEqual({ matches: 5, files: 1, truncated: true })
    for await (const { line } of box.files.search('MANY', { limit: 10_000 })) {
      expect(line).toBe(1)
      break
    }
    await expect.poll(async () => (await box.exec('pgrep -x rg')).stdout).toBe('')
  })

  it('says what is wrong', async () => {
    await expect(search('(', { regex: true })).rejects.toThrow(/regex parse error/)
    await expect(search('x', { path: 'none' })).rejects.toThrow(/No such file/)
    await expect(search('x', { limit: 0 })).rejects.toThrow(InvalidRequest)
    await box.exec(
      'printf "#!/bin/sh\\necho I am something else" > /usr/local/bin/rg; chmod 755 /usr/local/bin/rg',
      {
        user: 'root',
      },
    )
    await expect(search('x')).rejects.toThrow('is not ripgrep')
    await box.exec('rm /usr/local/bin/rg', { user: 'root' })
  })
})

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { FileChange, WatchEvent } from '../../protocol/api/index.js'
import { openTestFiles } from '../testing/test-files.js'
import { Watched } from './watched.js'

const files = await openTestFiles('watch', 15)
const { sandbox, root } = files
afterAll(() => files[Symbol.asyncDispose]())

const groups = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    const { stdout } = spawnSync('readlink', [`/proc/${process.pid}/fd/${fd}`])
    return stdout.toString().includes('[fanotify]')
  }).length

/** A directory that is watched, and what was told of it. */
class Observed {
  readonly events: WatchEvent[] = []
  readonly #directory
  readonly watched: Watched

  constructor(path: string, recursive = true, directoriesMax = 10_000) {
    this.#directory = root.directory(path)
    const options = { base: path, recursive, directoriesMax }
    this.watched = new Watched(this.#directory, options, { left: 100_000 }, (event) =>
      this.events.push(event),
    )
  }

  get changes(): FileChange[] {
    return this.events.flatMap((event) => (event.type === 'change' ? event.changes : []))
  }

  get rescanned(): boolean {
    return this.events.some(({ type }) => type === 'rescan')
  }

  has(type: FileChange['type'], path: string, from?: string): boolean {
    return this.changes.some((one) => one.type === type && one.path === path && one.from === from)
  }

  /** Steps as the thread does, until it holds. */
  async until(holds: () => boolean): Promise<void> {
    for (let tries = 0; !holds(); tries++) {
      expect(tries, JSON.stringify(this.events).slice(0, 2000)).toBeLessThan(3000)
      this.watched.step(performance.now() + 5)
      await sleep(10)
    }
  }

  async ready(): Promise<this> {
    await this.until(() => this.events.some(({ type }) => type === 'ready'))
    return this
  }

  close(): void {
    this.watched[Symbol.dispose]()
    this.#directory[Symbol.dispose]()
  }
}

const open: Observed[] = []
const observe = async (path: string, recursive?: boolean, directoriesMax?: number) => {
  const observed = new Observed(path, recursive, directoriesMax)
  open.push(observed)
  return observed.ready()
}
afterEach(() => {
  for (const observed of open.splice(0)) observed.close()
  expect(groups()).toBe(0)
})

describe('a directory of a sandbox that is watched', () => {
  it('tells what programs inside make, write, rename and delete, at any depth', async () => {
    await sandbox.inside('mkdir -p one/deep/er; echo old > one/deep/er/old')
    const seen = await observe('/home/user/one')
    await sandbox.inside(
      'cd one; echo a > new; echo b >> deep/er/old; chmod 600 deep/er/old; mv new deep/renamed',
    )
    await seen.until(() => seen.has('moved', '/home/user/one/deep/renamed', '/home/user/one/new'))
    await seen.until(() => seen.has('modified', '/home/user/one/deep/er/old'))
    await sandbox.inside('cd one; rm deep/renamed; ln -s deep link; ln deep/er/old hard; mkfifo pipe')
    await seen.until(() => seen.has('deleted', '/home/user/one/deep/renamed'))
    for (const name of ['link', 'hard', 'pipe']) {
      await seen.until(() => seen.has('created', `/home/user/one/${name}`))
    }
  })

  it('tells of changes from outside, through the API, in the same way', async () => {
    await sandbox.inside('mkdir api')
    const seen = await observe('/home/user/api')
    await files.write('api/sub/file', 'text')
    await seen.until(() => seen.has('created', '/home/user/api/sub'))
    await seen.until(() => seen.changes.some(({ path }) => path === '/home/user/api/sub/file'))
  })

  it('has names as they are: with newlines, and bytes that are no UTF-8', async () => {
    await sandbox.inside('mkdir odd')
    const seen = await observe('/home/user/odd')
    await sandbox.inside(
      `cd odd; touch "$(printf 'a\\nb')" "$(printf 'caf\\351')"; mkdir "$(printf '\\377')"`,
    )
    await seen.until(() => seen.has('created', '/home/user/odd/a\nb'))
    await seen.until(() => seen.has('created', 'file:///home/user/odd/caf%E9'))
    await sandbox.inside(`cd odd; touch "$(printf '\\377/x')"`)
    await seen.until(() => seen.has('created', 'file:///home/user/odd/%FF/x'))
  })

  it('follows directories that are made, renamed, moved in and moved out', async () => {
    await sandbox.inside('mkdir -p tree/a/b/c outside/far; touch outside/far/file')
    const seen = await observe('/home/user/tree')
    await sandbox.inside('cd tree; mv a z; touch z/b/c/file')
    await seen.until(() => seen.has('moved', '/home/user/tree/z', '/home/user/tree/a'))
    await seen.until(() => seen.has('created', '/home/user/tree/z/b/c/file'))
    await sandbox.inside('mkdir -p tree/m/n/o; mv outside tree/in; touch tree/m/n/o/deep')
    await seen.until(() => seen.has('created', '/home/user/tree/in'))
    await seen.until(() => seen.has('created', '/home/user/tree/in/far/file'))
    await seen.until(() => seen.has('created', '/home/user/tree/m/n/o/deep'))
    await sandbox.inside('mv tree/m gone; touch gone/n/secret; touch tree/last')
    await seen.until(() => seen.has('created', '/home/user/tree/last'))
    expect(seen.has('deleted', '/home/user/tree/m')).toBe(true)
    expect(JSON.stringify(seen.events)).not.toContain('secret')
  })

  it('sees in layers of the image what is changed there for the first time', async () => {
    const seen = await observe('/etc')
    await sandbox.inside(
      'echo x >> /etc/hostname; touch /etc/new; mv /etc/skel /etc/skull; touch /etc/skull/x',
      '0',
    )
    await seen.until(() => seen.has('modified', '/etc/hostname'))
    await seen.until(() => seen.has('created', '/etc/new'))
    await seen.until(() => seen.has('created', '/etc/skull/x'))
  })

  it('tells only of its own entries when it is not recursive, and never of others', async () => {
    await sandbox.inside('mkdir -p flat/sub beside')
    const seen = await observe('/home/user/flat', false)
    await sandbox.inside('touch flat/sub/x beside/x flat/y')
    await seen.until(() => seen.has('created', '/home/user/flat/y'))
    expect(seen.changes.every(({ path }) => path === '/home/user/flat/y')).toBe(true)
  })

  it('tells of all changes of a storm, or that everything is to be read anew', async () => {
    await sandbox.inside('mkdir storm')
    const seen = await observe('/home/user/storm')
    let over = false
    void sandbox.inside(`${stormIn('storm')}; touch storm/last`).then(() => {
      over = true
    })
    await seen.until(() => over && (seen.has('created', '/home/user/storm/last') || seen.rescanned))
    if (seen.rescanned) return
    const told = new Set(seen.changes.map(({ path }) => path))
    for (let n = 0; n < 300; n++) expect(told).toContain(`/home/user/storm/${n}`)
  })

  it('says so when the queue of the kernel has overflowed, and tells of what comes then', async () => {
    await sandbox.inside('mkdir burst')
    const seen = await observe('/home/user/burst')
    await sandbox.inside(`${stormIn('burst')}; mkdir burst/deep`)
    await seen.until(() => seen.rescanned)
    await sandbox.inside('touch burst/deep/after')
    await seen.until(() => seen.has('created', '/home/user/burst/deep/after'))
  })

  it('is right in the end, however directories are moved while it is read', async () => {
    await sandbox.inside('mkdir -p swap/a/x swap/b/y')
    const seen = await observe('/home/user/swap')
    const hostile = [
      'import os, time',
      'os.chdir("swap"); end = time.time() + 3',
      'while time.time() < end:',
      '  os.rename("a", "c"); os.mkdir("a"); os.rename("b", "a/b"); os.rename("c", "b"); os.rename("a/b", "c")',
      '  os.rmdir("a"); os.rename("c", "a")',
    ].join('\n')
    await files.write('hostile.py', hostile)
    let over = false
    void sandbox.inside('python3 hostile.py').then(() => {
      over = true
    })
    await seen.until(() => over)
    const outside = seen.changes.filter(({ path }) => !path.startsWith('/home/user/swap/'))
    expect(outside).toEqual([])
    for (let round = 0; round < 3; round++) {
      const before = seen.events.length
      await sandbox.inside(`find swap -type d -exec touch {}/round${round} \\;`)
      const { output } = await sandbox.inside(`find /home/user/swap -name round${round}`)
      const told = () =>
        output.split('\n').every((path) => seen.has('created', path)) ||
        seen.events.slice(before).some(({ type }) => type === 'rescan')
      await seen.until(told)
    }
  })

  it('says when there are more directories than it follows', async () => {
    await sandbox.inside('mkdir -p many; cd many; mkdir $(seq 30)')
    const seen = await observe('/home/user/many', true, 10)
    expect(seen.events).toContainEqual({ type: 'ready', complete: false })
  })

  it('ends with the directory', async () => {
    await sandbox.inside('mkdir -p end/one end/two')
    const [one, two] = [await observe('/home/user/end/one'), await observe('/home/user/end/two')]
    await sandbox.inside('rmdir end/one; mv end/two end/three')
    await one.until(() => one.events.some(({ type }) => type === 'end'))
    expect(one.events.at(-1)).toEqual({ type: 'end', reason: 'deleted' })
    await two.until(() => two.events.some(({ type }) => type === 'end'))
    expect(two.events.at(-1)).toEqual({ type: 'end', reason: 'moved' })
  })

  it('takes none of the watches of programs inside, and two may watch the same', async () => {
    await sandbox.inside('mkdir -p shared/sub')
    const [one, two] = [await observe('/home/user/shared'), await observe('/home/user/shared')]
    const inotify = `python3 -c "
import ctypes, os
libc = ctypes.CDLL('libc.so.6'); fd = libc.inotify_init1(os.O_NONBLOCK)
libc.inotify_add_watch(fd, b'shared/sub', 0x100); open('shared/sub/x', 'w').close(); print(len(os.read(fd, 4096)))"`
    expect((await sandbox.inside(inotify)).output).toBe('32')
    for (const seen of [one, two]) await seen.until(() => seen.has('created', '/home/user/shared/sub/x'))
  })
})

/** 100,000 changes of 20,000 names, so that a queue that nobody reads overflows. */
const stormIn = (directory: string) => `python3 -c "import os
for n in range(20000):
  name = '${directory}/%d' % n
  for _ in range(2): os.close(os.open(name, os.O_CREAT)); os.chmod(name, 0o600)
  os.unlink(name)"`

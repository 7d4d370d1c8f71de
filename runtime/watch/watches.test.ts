import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type WatchEvent, watchEvent } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { inGuest, testInstance } from '../testing/kernel.js'

/** A call that watches, and what it was told. */
class Stream {
  readonly events: WatchEvent[] = []
  ended = false

  constructor(private readonly answer: IncomingMessage) {
    let rest = ''
    answer.setEncoding('utf8')
    answer.on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') this.events.push(watchEvent.parse(JSON.parse(line)))
    })
    answer.on('error', () => {})
    answer.once('close', () => {
      this.ended = true
    })
  }

  get last(): WatchEvent | undefined {
    return this.events.at(-1)
  }

  has(path: string): boolean {
    return this.events.some(
      (event) => event.type === 'change' && event.changes.some((one) => one.path === path),
    )
  }

  /** @returns how long it took, in milliseconds */
  async until(holds: () => boolean): Promise<number> {
    const began = performance.now()
    while (!holds()) {
      expect(performance.now() - began, JSON.stringify(this.events).slice(0, 1000)).toBeLessThan(30_000)
      await sleep(5)
    }
    return performance.now() - began
  }

  close(): void {
    this.answer.destroy()
  }
}

function watch(id: string, path: string): Promise<Stream | number> {
  const socketPath = `/run/cloche/${testInstance}/runtime.sock`
  const query = new URLSearchParams({ path })
  return new Promise((resolve, reject) => {
    request({ socketPath, path: `/sandboxes/${id}/files/watch?${query}`, agent: false }, (answer) => {
      if (answer.statusCode === 200) return resolve(new Stream(answer))
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .once('error', reject)
      .end()
  })
}

describe.each(inGuest ? (['standard'] as const) : (['standard', 'hardened'] as const))(
  'the files of a %s sandbox that are watched',
  (isolation) => {
    let namespace: AsyncDisposable
    let instance: Instance

    beforeAll(async () => {
      namespace = await lonelyNamespace()
      instance = await startInstance(testInstance, { isolation })
    })
    afterAll(async () => {
      await instance[Symbol.asyncDispose]()
      await namespace[Symbol.asyncDispose]()
    })

    const claim = async () => (await instance.claim({ isolation })).id
    const begin = async (id: string, path = '/home/user') => {
      const stream = await watch(id, path)
      if (typeof stream === 'number') throw new Error(`answered ${stream}`)
      await stream.until(() => stream.events.length > 0)
      return stream
    }
    /** Roots of sandboxes that are mounted on the host. */
    const mounted = () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`/${testInstance}/scratch/`) && line.includes(' overlay ')).length
    const groups = () =>
      readdirSync(`/proc/${instance.pids.runtime}/fd`).filter((fd) => {
        try {
          return readlinkSync(`/proc/${instance.pids.runtime}/fd/${fd}`).includes('fanotify')
        } catch {
          return false // closed meanwhile
        }
      }).length

    it('are told of while it runs, and nothing is left when nobody listens any more', async () => {
      const id = await claim()
      const [one, two] = [await begin(id), await begin(id)]
      expect(groups()).toBe(1)
      await instance.exec(id, 'mkdir -p a/b && echo text > a/b/file && mv a/b/file a/b/other')
      for (const stream of [one, two]) await stream.until(() => stream.has('/home/user/a/b/other'))
      one.close()
      await instance.exec(id, 'touch a/later')
      await two.until(() => two.has('/home/user/a/later'))
      two.close()
      await two.until(() => groups() === 0)
      await instance.call('DELETE', `/sandboxes/${id}`)
    })

    it('are told of in one stream while it is paused, stopped and started again', async () => {
      const id = await claim()
      const stream = await begin(id)
      await instance.call('POST', `/sandboxes/${id}/pause`)
      await instance.call('POST', `/sandboxes/${id}/files/mkdir`, { path: 'made' })
      await stream.until(() => stream.has('/home/user/made'))
      await instance.call('POST', `/sandboxes/${id}/resume`)
      await instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
      const rescans = () => stream.events.filter(({ type }) => type === 'rescan').length
      await stream.until(() => rescans() === 1)
      const late = await begin(id)
      expect(late.events).toEqual([{ type: 'ready', complete: true }])
      await instance.call('POST', `/sandboxes/${id}/files/mkdir`, { path: 'while-stopped' })
      for (const one of [stream, late]) await one.until(() => one.has('/home/user/while-stopped'))
      late.close()
      expect((await instance.call('POST', `/sandboxes/${id}/start`)).status).toBe(200)
      await stream.until(() => rescans() === 2)
      await instance.exec(id, 'ls && touch inside')
      await stream.until(() => stream.has('/home/user/inside'))
      expect(groups()).toBe(1)
      // Nobody listens any more, and nothing stays mounted.
      await instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
      await stream.until(() => rescans() === 3)
      expect(mounted()).toBe(1)
      stream.close()
      await stream.until(() => mounted() === 0 && groups() === 0)
      const again = await begin(id)
      await instance.call('DELETE', `/sandboxes/${id}`)
      await again.until(() => again.ended)
      expect(again.last).toEqual({ type: 'end', reason: 'deleted' })
      expect(mounted()).toBe(0)
      expect(await watch(id, '/home/user')).toBe(404)
    })

    it('are refused where there is nothing to watch, and to more than a sandbox serves', async () => {
      const id = await claim()
      // Outside, there is none in gVisor's.
      if (isolation === 'standard') expect(await watch(id, '/proc')).toBe(403)
      expect(await watch(id, 'nowhere')).toBe(404)
      expect(await watch(id, '/etc/passwd')).toBe(404)
      const streams = await Promise.all(Array.from({ length: 16 }, () => begin(id)))
      expect(await watch(id, '/home/user')).toBe(429)
      for (const stream of streams) stream.close()
      await instance.call('DELETE', `/sandboxes/${id}`)
    })
  },
)

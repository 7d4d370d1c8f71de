import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../protocol/api/index.js'
import { TestClient } from '../testing/client.js'
import type { Instance } from '../testing/instance.js'
import { type BreakableLine, openProxy } from '../testing/proxy.js'
import { sharedInstance } from '../testing/shared-instance.js'
import {
  Cloche,
  ClocheError,
  Conflict,
  ConnectionFailed,
  FileNotFound,
  InvalidRequest,
  NotFound,
  PreconditionFailed,
  QuotaExceeded,
  type Sandbox,
  SandboxNotRunning,
  TemplateUnavailable,
  Unauthenticated,
  UnexpectedAnswer,
} from './index.js'

const limits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }

describe('the SDK', () => {
  let instance: Instance
  let proxy: BreakableLine
  let cloche: Cloche
  let sandbox: Sandbox

  beforeAll(async () => {
    instance = await sharedInstance()
    proxy = await openProxy(instance.url)
    cloche = new Cloche({ url: `${instance.url}/`, apiKey: instance.admin.apiKey })
    sandbox = await cloche.sandboxes.create({ name: 'box', limits })
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('says who calls, what there is, what is left and what was done', async () => {
    expect(await cloche.me()).toMatchObject({ user: null, tenant: { role: 'member' } })
    expect((await cloche.templates()).map(({ name }) => name)).toContain('base')
    expect((await cloche.quota()).used.sandboxes).toBe(1)
    const report = await cloche.usage({ from: new Date(Date.now() - 3_600_000) })
    expect(Date.parse(report.to) - Date.parse(report.from)).toBeGreaterThan(3_000_000)
    const { value } = await cloche.audit().next()
    expect(value).toMatchObject({ action: 'sandbox.create', target: sandbox.id })
  })

  describe('with sandboxes', () => {
    it('makes, describes, changes, lists and deletes them', async () => {
      let id = ''
      {
        await using one = await cloche.sandboxes.create({ limits, metadata: { lesson: '1' } })
        id = one.id
        expect(await one.describe()).toMatchObject({ state: 'running', limits, metadata: { lesson: '1' } })
        expect((await one.update({ name: 'other', limits: { memoryMiB: 96 } })).limits.memoryMiB).toBe(96)
        const names = []
        for await (const each of cloche.sandboxes.list()) names.push(each.name)
        expect(names).toEqual(['other', 'box'])
      }
      await expect(cloche.sandboxes.at(id).describe()).rejects.toThrow(NotFound)
    })

    it('pauses, resumes, stops and starts them', async () => {
      await using one = await cloche.sandboxes.create({ limits })
      expect((await one.pause()).state).toBe('paused')
      await expect(one.exec('true')).rejects.toThrow(SandboxNotRunning)
      expect((await one.resume()).state).toBe('running')
      await one.files.write('kept', 'kept')
      expect((await one.stop()).state).toBe('stopped')
      expect((await one.start()).state).toBe('running')
      expect(await one.files.readText('kept')).toBe('kept')
    })

    it('stops them with time to end in good order', async () => {
      await using one = await cloche.sandboxes.create({ limits })
      const work = `trap 'sleep 0.3; echo bye >kept; exit 0' TERM; echo up; while :; do sleep 0.05; done`
      let up = ''
      const working = one.exec(work, {
        onStdout: (text) => {
          up += text
        },
      })
      await expect.poll(() => up).toBe('up\n')
      expect((await one.stop({ graceSeconds: 60 })).state).toBe('stopped')
      expect(await working).toMatchObject({ exitCode: 0, signal: null })
      await one.start()
      expect(await one.files.readText('kept')).toBe('bye\n')
      await expect(one.stop({ graceSeconds: 61 })).rejects.toThrow(InvalidRequest)
    })

    it('makes one, when the answer to the first try is lost', async () => {
      const before = (await cloche.quota()).used.sandboxes
      let lose = true
      const fetch: typeof globalThis.fetch = async (url, init) => {
        const answer = await globalThis.fetch(url, init)
        if (!lose) return answer
        lose = false
        throw new TypeError('fetch failed')
      }
      const shaky = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey, fetch })
      await using one = await shaky.sandboxes.create({ limits })
      expect((await one.describe()).state).toBe('running')
      expect((await cloche.quota()).used.sandboxes).toBe(before + 1)
    })
  })

  describe('with commands', () => {
    it('runs them, with their directory, variables, input and user', async () => {
      expect(await sandbox.exec('echo out; echo err >&2; exit 3')).toMatchObject({
        ...{ stdout: 'out\n', stderr: 'err\n', exitCode: 3, signal: null, timedOut: false, truncated: false },
      })
      const options = { cwd: '/tmp', env: { NAME: 'ann' }, stdin: 'in', user: 'root' } as const
      const all = await sandbox.exec('pwd; echo $NAME; cat; echo; id -un', options)
      expect(all.stdout).toBe('/tmp\nann\nin\nroot\n')
      expect((await sandbox.exec(['echo', '$HOME', '; id'])).stdout).toBe('$HOME ; id\n')
      expect((await sandbox.exec('kill -9 $$')).signal).toBe('SIGKILL')
    })

    it('hands their output over as it is written, whole characters at a time', async () => {
      const heard: string[] = []
      const command = 'printf "caf\\303"; sleep 0.2; printf "\\251"; read line; echo $line'
      const all = await sandbox.exec(command, { stdin: 'bye\n', onStdout: (text) => heard.push(text) })
      expect(heard[0]).toBe('caf')
      expect(heard.join('')).toBe('cafébye\n')
      expect(all.stdout).toBe('cafébye\n')
    })

    it('passes bytes that are not text', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, value) => value)
      const out: Uint8Array[] = []
      for await (const event of sandbox.execEvents('cat', { stdin: bytes })) {
        if (event.type === 'stdout') out.push(event.bytes)
        else expect(event).toMatchObject({ type: 'exit', exitCode: 0 })
      }
      expect(Buffer.concat(out)).toEqual(Buffer.from(bytes))
    })

    it('keeps 8 MiB and says that there was more', async () => {
      const long = await sandbox.exec('head -c 9000000 /dev/zero | tr "\\0" x')
      expect(long).toMatchObject({ truncated: true, exitCode: 0 })
      expect(long.stdout).toHaveLength(8 * 1024 * 1024)
    })

    it('kills them when their time is over, when they are aborted, and when nobody listens any more', async () => {
      expect(await sandbox.exec('sleep 1234', { timeoutMs: 50 })).toMatchObject({ timedOut: true })
      const abort = new AbortController()
      const aborted = sandbox.exec('echo on; sleep 1235', {
        ...{ signal: abort.signal, onStdout: () => abort.abort() },
      })
      await expect(aborted).rejects.toThrow(/abort/)
      const alive = async () => (await sandbox.exec("pgrep -f '^sleep 123'")).stdout
      for await (const event of sandbox.execEvents('sleep 1236 & echo on; wait')) {
        expect(event.type).toBe('stdout')
        expect(await alive()).toMatch(/^\d+\n/)
        break
      }
      await expect.poll(alive, { timeout: 10_000 }).toBe('')
    })

    it('tells a line that broke from a command that failed', async () => {
      const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey }).sandboxes.at(sandbox.id)
      const broken = away.exec('echo on; sleep 60', { onStdout: () => proxy.cut() })
      await expect(broken).rejects.toThrow(ConnectionFailed)
    })
  })

  describe('with files', () => {
    it('writes, reads, describes, moves and removes them', async () => {
      const { files } = sandbox
      expect(await files.write('a/b.txt', 'grüezi\n', { mode: '600' })).toMatchObject({
        ...{ path: 'a/b.txt', type: 'file', sizeBytes: 8, mode: '600' },
      })
      expect((await sandbox.exec('cat a/b.txt; stat -c %U a/b.txt')).stdout).toBe('grüezi\nuser\n')
      expect(await files.readText('a/b.txt')).toBe('grüezi\n')
      expect(await files.read('/home/user/a/b.txt')).toEqual(new TextEncoder().encode('grüezi\n'))
      await files.mkdir('a/c')
      await files.move('a/b.txt', 'a/c/d.txt')
      expect(await files.exists('a/b.txt')).toBe(false)
      await expect(files.move('a/c/d.txt', 'a/c')).rejects.toThrow(Conflict)
      const { entries, truncated } = await files.list('a', { depth: 2 })
      expect(entries.map(({ path }) => path)).toEqual(['a/c', 'a/c/d.txt'])
      expect(truncated).toBe(false)
      await expect(files.remove('a')).rejects.toThrow(ClocheError)
      await files.remove('a', { recursive: true })
      await expect(files.read('a/c/d.txt')).rejects.toThrow(FileNotFound)
    })

    it('streams what is big, both ways', async () => {
      const piece = crypto.getRandomValues(new Uint8Array(65_536))
      let left = 320
      const source = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(piece)
          else controller.close()
        },
      })
      expect((await sandbox.files.write('big', source)).sizeBytes).toBe(320 * 65_536)
      let bytes = 0
      const count = new WritableStream<Uint8Array>({
        write(chunk) {
          bytes += chunk.length
        },
      })
      await (await sandbox.files.readStream('big')).pipeTo(count)
      expect(bytes).toBe(320 * 65_536)
      await expect(sandbox.files.write('full', new Uint8Array(64 * 1024 * 1024))).rejects.toMatchObject({
        code: 'disk_full',
      })
      await sandbox.files.remove('big')
    })

    it('replaces the file that was read, and no other one; reads parts', async () => {
      const { files } = sandbox
      const made = await files.write('shared', '0123456789', { ifNew: true })
      await expect(files.write('shared', 'mine', { ifNew: true })).rejects.toThrow(PreconditionFailed)
      const { content, etag } = await files.readWithEtag('shared', { range: { start: -3 } })
      expect([new TextDecoder().decode(content), etag]).toEqual(['789', made.etag])
      expect(await files.read('shared', { range: { start: 2, end: 4 } })).toEqual(
        new TextEncoder().encode('23'),
      )
      await expect(files.read('shared', { range: { start: 10 } })).rejects.toMatchObject({
        ...{ name: 'RangeNotSatisfiable', status: 416, sizeBytes: 10 },
      })
      await expect(files.read('shared', { range: { start: 2, end: 2 } })).rejects.toThrow(InvalidRequest)
      await sandbox.exec('echo from inside >shared')
      await expect(files.write('shared', 'mine', { ifMatch: etag })).rejects.toMatchObject({
        ...{ name: 'PreconditionFailed', status: 412, code: 'precondition_failed' },
      })
      await expect(files.write('shared', 'mine', { ifMatch: 'bare' })).rejects.toThrow(/double quotes/)
      const now = await files.readWithEtag('shared')
      await files.write('shared', 'mine', { ifMatch: now.etag })
      expect(await files.readText('shared')).toBe('mine')
    })

    it('are cached and continued by any HTTP client', async () => {
      const { etag } = await sandbox.files.write('cached', '0123456789')
      const url = `${instance.url}/api/v1/sandboxes/${sandbox.id}/files?path=cached`
      const get = (headers: Record<string, string>) =>
        fetch(url, { headers: { authorization: `Bearer ${instance.admin.apiKey}`, ...headers } })
      const whole = await get({})
      expect([whole.status, whole.headers.get('etag'), await whole.text()]).toEqual([200, etag, '0123456789'])
      expect(whole.headers.get('accept-ranges')).toBe('bytes')
      const same = await get({ 'if-none-match': String(etag) })
      expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, etag, ''])
      const part = await get({ range: 'bytes=4-', 'if-range': String(etag) })
      expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
        ...[206, 'bytes 4-9/10', '456789'],
      ])
      const beyond = await get({ range: 'bytes=10-' })
      expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10'])
    })

    it('packs and unpacks trees', async () => {
      await sandbox.exec('mkdir -p tree/deep && echo 1 > tree/deep/one && ln -s deep/one tree/link')
      const tar = await new Response(await sandbox.files.pack('tree')).blob()
      await sandbox.files.unpack('copy', tar)
      expect((await sandbox.exec('cat copy/link')).stdout).toBe('1\n')
    })
  })

  describe('tells what went wrong by its class', () => {
    it.each<[string, (to: Cloche) => Promise<unknown>, typeof ClocheError, string]>([
      ['an unknown id', (to) => to.sandboxes.at(newId('sb')).describe(), NotFound, 'not_found'],
      ['an id that is none', (to) => to.sandboxes.at('../me').describe(), InvalidRequest, 'invalid_request'],
      [
        'a wrong request',
        (to) => to.sandboxes.create({ limits: { pids: 0 } }),
        InvalidRequest,
        'invalid_request',
      ],
      [
        'an unknown template',
        (to) => to.sandboxes.create({ template: 'no' }),
        TemplateUnavailable,
        'template_unavailable',
      ],
      [
        'no such program',
        (to) => to.sandboxes.at(sandbox.id).exec(['/no/such']),
        InvalidRequest,
        'invalid_request',
      ],
    ])('%s', async (_, act, type, code) => {
      const error = await act(cloche).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(type)
      expect(error).toMatchObject({ code, name: type.name, message: expect.stringMatching(/./) })
    })

    it('which part of a request was wrong', async () => {
      await expect(cloche.sandboxes.create({ limits: { pids: 0 } })).rejects.toMatchObject({
        ...{ status: 400, errors: [{ path: expect.stringContaining('pids') }] },
      })
    })

    it('a quota that is used up', async () => {
      const admin = TestClient.withKey(instance.url, instance.admin.apiKey)
      const path = `/api/v1/admin/tenants/${(await cloche.me()).tenant.id}`
      const { sandboxes } = (await cloche.quota()).limits
      await admin.call('PATCH', path, { quota: { sandboxes: 1 } })
      await expect(cloche.sandboxes.create({ limits })).rejects.toThrow(QuotaExceeded)
      await admin.call('PATCH', path, { quota: { sandboxes } })
    })

    it('a key that is wrong, nobody there, and somebody else there', async () => {
      await expect(new Cloche({ url: instance.url, apiKey: 'clk_no' }).me()).rejects.toThrow(Unauthenticated)
      await expect(new Cloche({ url: 'http://127.0.0.1:9' }).me()).rejects.toThrow(ConnectionFailed)
      await expect(new Cloche({ url: `${instance.url}/elsewhere` }).me()).rejects.toThrow(ClocheError)
      const page: typeof fetch = async () => new Response('<h1>Bad gateway</h1>', { status: 418 })
      await expect(new Cloche({ url: instance.url, fetch: page }).me()).rejects.toThrow(UnexpectedAnswer)
      // An answer that took long has begun as a success.
      const problem = {
        type: 'urn:cloche:problem:quota_exceeded',
        status: 422,
        code: 'quota_exceeded',
        detail: 'no',
      }
      const late: typeof fetch = async () => new Response(`   ${JSON.stringify(problem)}`, { status: 201 })
      const creating = new Cloche({ url: instance.url, fetch: late }).sandboxes.create()
      await expect(creating).rejects.toThrow(expect.objectContaining({ code: 'quota_exceeded', status: 422 }))
      expect(() => new Cloche({ url: 'nonsense' })).toThrow(TypeError)
      const wrong = new Cloche({ url: instance.url, apiKey: 'clk_no' }).sandboxes.at(sandbox.id)
      await expect(wrong.terminals.attach(newId('tm'))).rejects.toThrow(Unauthenticated)
    })
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '../protocol/index.js'
import { TestClient } from '../testing/client.js'
import { type Instance, openInstance } from '../testing/instance.js'
import { type BreakableLine, openProxy } from '../testing/proxy.js'
import {
  Cloche,
  ClocheError,
  Conflict,
  ConnectionFailed,
  FileNotFound,
  InvalidRequest,
  NotFound,
  QuotaExceeded,
  type Sandbox,
  SandboxNotRunning,
  TemplateUnavailable,
  type Terminal,
  Unauthenticated,
  UnexpectedAnswer,
} from './index.js'

/** Accounts, keys and whole tenants: somebody signed in does that on a page, and a key may not. */
const forPeople = /^\/api\/v1\/(admin|keys|members|invitations|tenants?|usage\.csv)/

const limits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }

describe('the SDK', () => {
  let instance: Instance
  let proxy: BreakableLine
  let cloche: Cloche
  let sandbox: Sandbox
  const called = new Set<string>()

  beforeAll(async () => {
    instance = await openInstance('sdk')
    proxy = await openProxy(instance.url)
    const fetch: typeof globalThis.fetch = (url, init) => {
      called.add(`${init?.method} ${new URL(String(url)).pathname}`)
      return globalThis.fetch(url, init)
    }
    cloche = new Cloche({ url: `${instance.url}/`, apiKey: instance.admin.apiKey, fetch })
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

    it('packs and unpacks trees', async () => {
      await sandbox.exec('mkdir -p tree/deep && echo 1 > tree/deep/one && ln -s deep/one tree/link')
      const tar = await new Response(await sandbox.files.pack('tree')).blob()
      await sandbox.files.unpack('copy', tar)
      expect((await sandbox.exec('cat copy/link')).stdout).toBe('1\n')
    })
  })

  describe('with terminals', () => {
    /** Takes events, as a person's screen would, until the text so far fits. */
    const watch = async (terminal: Terminal, until: RegExp, seen = { text: '' }) => {
      const events = terminal[Symbol.asyncIterator]()
      for (let next = await events.next(); !next.done; next = await events.next()) {
        const event = next.value
        if (event.type === 'output' || event.type === 'screen') seen.text += Buffer.from(event.bytes)
        if (event.type === 'exit') return event
        if (until.test(seen.text)) return event
      }
      throw new Error(`ended at: ${seen.text}`)
    }

    it('types into one, resizes it, and hears how it ended', async () => {
      const terminal = await sandbox.terminals.open({ cols: 90, rows: 20 })
      terminal.resize(100, 30)
      terminal.write('stty size; exit 7\r')
      const seen = { text: '' }
      expect(await watch(terminal, /never/, seen)).toEqual({ type: 'exit', exitCode: 7, signal: null })
      expect(seen.text).toContain('30 100')
    })

    it('runs a command of its own in one', async () => {
      const terminal = await sandbox.terminals.open({
        command: ['sh', '-c', 'tty; echo $X'],
        env: { X: 'y' },
      })
      const seen = { text: '' }
      await watch(terminal, /never/, seen)
      expect(seen.text).toMatch(/\/dev\/pts\/\d+\r\ny\r\n/)
    })

    it('loses nothing of what it writes, however often the line breaks', async () => {
      const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey }).sandboxes.at(sandbox.id)
      const loop = 'for i in $(seq 3000); do echo line $i; [ $((i % 100)) != 0 ] || sleep 0.05; done'
      const terminal = await away.terminals.open({ command: ['bash', '-c', loop] })
      let text = ''
      let breaks = 0
      let next = 200
      for await (const event of terminal) {
        expect(event.type).not.toBe('screen')
        if (event.type === 'output') text += Buffer.from(event.bytes)
        if (event.type === 'line' && !event.up) breaks++
        if (text.includes(`line ${next}\r`)) {
          next += 700
          proxy.cut()
        }
      }
      expect(breaks).toBeGreaterThanOrEqual(3)
      expect(text).toBe(Array.from({ length: 3000 }, (_, at) => `line ${at + 1}\r\n`).join(''))
    })

    it('keeps what is typed while the line is down', async () => {
      const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey }).sandboxes.at(sandbox.id)
      const terminal = await away.terminals.open({ command: ['cat'] })
      const events = terminal[Symbol.asyncIterator]()
      const line = async () => {
        for (let next = await events.next(); !next.done; next = await events.next()) {
          if (next.value.type === 'line') return next.value.up
        }
        return undefined
      }
      expect(await line()).toBe(true)
      proxy.open = false
      proxy.cut()
      expect(await line()).toBe(false)
      terminal.write('typed blindly\r')
      expect(() => terminal.write('x'.repeat(2_000_000))).toThrow(ConnectionFailed)
      proxy.open = true
      expect(await line()).toBe(true)
      await watch(terminal, /typed blindly\r\ntyped blindly/)
    })

    it('joins one that exists, shows its screen, and ends it', async () => {
      const first = await sandbox.terminals.open()
      first.write('echo $((6*7))\r')
      const second = await sandbox.terminals.attach(first.id)
      await watch(second, /42/)
      expect((await sandbox.terminals.list()).map(({ id }) => id)).toContain(first.id)
      await sandbox.terminals.close(first.id)
      expect(await watch(first, /never/)).toMatchObject({ type: 'exit' })
      await expect(sandbox.terminals.attach(newId('tm'))).rejects.toThrow(NotFound)
    })

    it('holds a program back that writes faster than its reader draws', async () => {
      const command = ['bash', '-c', 'read; head -c 20000000 /dev/zero']
      const terminal = await sandbox.terminals.open({ command })
      terminal.write('\r')
      let bytes = 0
      for await (const event of terminal) {
        if (event.type !== 'output') continue
        bytes += event.bytes.filter((byte) => byte === 0).length
        if (bytes < 3_000_000) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      expect(bytes).toBe(20_000_000)
    })
  })

  describe('with runs', () => {
    const python = (content: string) => ({ language: 'python', files: [{ path: 'main.py', content }] })

    it('says what they can be written in', async () => {
      expect(await cloche.languages()).toContainEqual(
        expect.objectContaining({ name: 'python', version: expect.stringMatching(/^3\.\d+/) }),
      )
    })

    it('waits for their end, whatever it is', async () => {
      const request = { ...python('print(sum(map(int, input().split())))'), stdin: '19 23' }
      const { status, state, steps } = await cloche.runs.run(request)
      expect({ status, state, said: steps.at(-1)?.stdout.content }).toEqual({
        status: 'ok',
        state: 'finished',
        said: '42\n',
      })
      expect(await cloche.runs.run({ command: 'exit 3' })).toMatchObject({
        status: 'runtime_error',
        steps: [{ exitCode: 3 }],
      })
      const limits = { wallMs: 100 }
      expect(await cloche.runs.run({ command: 'sleep 60', limits })).toMatchObject({ status: 'time_limit' })
    })

    it('grades cases', async () => {
      const cases = [
        { stdin: '3', expected: '9' },
        { stdin: '4', expected: '15' },
      ]
      const graded = await cloche.runs.run({ ...python('print(int(input()) ** 2)'), cases })
      expect(graded).toMatchObject({ status: 'wrong_answer', casesPassed: 1, casesTotal: 2 })
    })

    it('tells what happens as it happens, once, however often the line breaks', async () => {
      const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey })
      const run = await away.runs.create({ command: 'for i in $(seq 60); do echo line $i; sleep 0.03; done' })
      let said = ''
      let cuts = 0
      for await (const event of run.events()) {
        if (event.type === 'output') said += event.content
        if (event.type === 'result') expect(event.run.status).toBe('ok')
        if (said.includes(`line ${10 + cuts * 15}\n`) && cuts < 3) {
          cuts++
          proxy.cut()
        }
      }
      expect(cuts).toBe(3)
      expect(said).toBe(Array.from({ length: 60 }, (_, at) => `line ${at + 1}\n`).join(''))
    })

    it('cancels them, finds them again, and has their result', async () => {
      const run = await cloche.runs.create({ command: 'sleep 600', metadata: { lesson: 'seven' } })
      await run.cancel()
      expect(await run.result()).toMatchObject({ id: run.id, state: 'canceled' })
      expect(await cloche.runs.at(run.id).describe()).toMatchObject({ state: 'canceled' })
      const found = []
      for await (const { id } of cloche.runs.list({ search: 'seven' })) found.push(id)
      expect(found).toEqual([run.id])
      await expect(cloche.runs.at('rn_00000000000000000000').result()).rejects.toThrow(NotFound)
    })

    it('makes one, when the answer to the first try is lost', async () => {
      let lose = true
      const fetch: typeof globalThis.fetch = async (url, init) => {
        const answer = await globalThis.fetch(url, init)
        if (!lose) return answer
        lose = false
        throw new TypeError('fetch failed')
      }
      const shaky = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey, fetch })
      const metadata = { only: 'once-and-for-all' }
      expect(await shaky.runs.run({ command: 'true', metadata })).toMatchObject({ status: 'ok' })
      const found = []
      for await (const { id } of cloche.runs.list({ search: metadata.only })) found.push(id)
      expect(found).toHaveLength(1)
    })

    it('has the secret that callbacks are signed with', async () => {
      expect(await cloche.runs.callbackSecret()).toMatch(/^whsec_/)
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
      expect(() => new Cloche({ url: 'nonsense' })).toThrow(TypeError)
      const wrong = new Cloche({ url: instance.url, apiKey: 'clk_no' }).sandboxes.at(sandbox.id)
      await expect(wrong.terminals.attach(newId('tm'))).rejects.toThrow(Unauthenticated)
    })
  })

  it('has called all that the API describes, and nothing else, but what is for pages and operators', async () => {
    const { body } = await TestClient.withKey(instance.url, instance.admin.apiKey).call(
      'GET',
      '/api/openapi.json',
    )
    const { paths } = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(body)
    const operations = Object.entries(paths)
      .filter(([path]) => path.startsWith('/api/v1/') && !forPeople.test(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    const patterns = operations.map(
      (operation) => new RegExp(`^${operation.replaceAll(/{\w+}/g, '[a-z]{2}_\\w+')}$`),
    )
    const real = [...called].filter((call) => !call.includes('..') && !call.includes('%'))
    expect(real.filter((call) => !patterns.some((pattern) => pattern.test(call)))).toEqual([])
    expect(operations.filter((_, at) => !real.some((call) => patterns[at]?.test(call)))).toEqual([])
  })
})

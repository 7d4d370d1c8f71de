import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Run, run as runSchema } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { openDatabase } from '../database/client.js'
import { RunStore } from './store.js'

const python = (content: string) => ({ language: 'python', files: [{ path: 'main.py', content }] })

describe('POST /runs', () => {
  let instance: Instance
  let ann: TestClient
  let ben: TestClient

  const post = async (who: TestClient, body: object, headers = {}) => {
    const answer = await who.call('POST', '/api/v1/runs', body, headers)
    return { ...answer, run: runSchema.safeParse(answer.body).data }
  }
  /** Waits for the end, and gives it back. */
  const done = async (who: TestClient, body: object): Promise<Run> => {
    const { status, run, body: said } = await post(who, { ...body, wait: true })
    if (status !== 200 || run === undefined) throw new Error(`${status} ${JSON.stringify(said)}`)
    return run
  }
  const get = async (who: TestClient, id: string) =>
    runSchema.parse((await who.call('GET', `/api/v1/runs/${id}`)).body)
  const until = async (who: TestClient, id: string, state: string): Promise<Run> => {
    for (let tries = 0; tries < 600; tries++) {
      const run = await get(who, id).catch(() => undefined)
      if (run?.state === state) return run
      await sleep(50)
    }
    throw new Error(`${id} does not become ${state}`)
  }
  /** Reads events until there are enough of them, or no more. */
  const follow = async (id: string, since: number, enough: (text: string) => boolean) => {
    const stop = new AbortController()
    const answer = await fetch(new URL(`/api/v1/runs/${id}/events`, instance.url), {
      headers: { ...ann.extraHeaders, ...(since ? { 'last-event-id': String(since) } : {}) },
      signal: stop.signal,
    })
    let text = ''
    const reader = answer.body?.getReader()
    while (reader !== undefined && !enough(text)) {
      const { done: over, value } = await reader.read()
      if (over) break
      text += Buffer.from(value).toString()
    }
    stop.abort()
    return text
  }
  const kill = async (name: string) => {
    const pid = (await instance.processes()).get(name)
    if (pid === undefined) throw new Error(`no process ${name}`)
    process.kill(pid, 'SIGKILL')
  }
  const answers = async () => {
    for (let tries = 0; tries < 600; tries++) {
      const ready = await ann.call('GET', '/readyz').catch(() => undefined)
      if (ready?.status === 200) return
      await sleep(50)
    }
    throw new Error('the server does not answer')
  }

  beforeAll(async () => {
    const settings = { CLOCHE_CALLBACK_ALLOW: '127.0.0.1', CLOCHE_RUN_PLACES: '2', CLOCHE_RUN_QUEUE: '80' }
    instance = await openInstance('runs', settings)
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
    ben = await TestClient.signUp(instance.url, 'ben@example.org')
  }, 300_000)
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
  })

  it('answers with the result when asked to wait, and remembers it', async () => {
    const run = await done(ann, {
      command: 'echo $((6*7)); echo err >&2; exit 3',
      metadata: { lesson: 'one' },
    })
    expect(run).toMatchObject({ state: 'finished', status: 'runtime_error', attempt: 1, template: 'base' })
    expect(run.steps[0]).toMatchObject({
      exitCode: 3,
      stdout: { content: '42\n' },
      stderr: { content: 'err\n' },
    })
    expect(run.queuedMs).toBeLessThan(5000)
    expect(await get(ann, run.id)).toEqual(run)
    const whole = await ann.call('GET', `/api/v1/runs/${run.id}?request=true`)
    expect(whole.body.request.command).toContain('6*7')
  })

  it('runs languages by name, alias and version, and says which there are', async () => {
    const { items } = (await ann.call('GET', '/api/v1/languages')).body
    expect(items.map((one: { name: string }) => one.name)).toEqual(
      expect.arrayContaining(['python', 'javascript', 'typescript', 'c', 'cpp', 'perl', 'bash', 'sql']),
    )
    const c = '#include <stdio.h>\nint main(int n, char **a) { puts(a[1]); return 0; }'
    const built = await done(ann, { language: 'c', files: [{ path: 'main.c', content: c }], args: ['hi'] })
    expect(built.steps.map((step) => [step.name, step.status])).toEqual([
      ['compile', 'ok'],
      ['run', 'ok'],
    ])
    expect(built.steps[1]?.stdout.content).toBe('hi\n')
    expect((await done(ann, { ...python('print(1)'), language: 'py@3' })).status).toBe('ok')
    expect((await post(ann, { ...python(''), language: 'python@9' })).body.detail).toMatch(/python@3/)
    expect((await post(ann, { ...python(''), language: 'cobol' })).status).toBe(400)
  })

  it('judges cases, and counts them', async () => {
    const run = await done(ann, {
      ...python('print(sum(map(int, input().split())))'),
      cases: [
        { name: 'small', stdin: '1 2\n', expected: '3' },
        { stdin: '1 1\n', expected: '3' },
        { stdin: 'x\n', expected: '3' },
      ],
    })
    expect(run.cases.map((one) => [one.name, one.status])).toEqual([
      ['small', 'ok'],
      ['2', 'wrong_answer'],
      ['3', 'runtime_error'],
    ])
    expect(run).toMatchObject({ status: 'wrong_answer', casesPassed: 1, casesTotal: 3 })
  })

  it('tells output as it comes, and resumes where the line was cut', async () => {
    const { run } = await post(ann, { command: 'echo one; sleep 1; echo two' })
    const id = run?.id ?? ''
    const first = await follow(id, 0, (text) => text.includes('one'))
    expect(first).not.toContain('two')
    const last = Math.max(...[...first.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)))
    const rest = await follow(id, last, (text) => text.includes('event: result'))
    expect(rest).not.toContain('one\\n","encoding')
    expect(rest).toMatch(/two\\n.*event: step.*event: result/s)
    expect(await follow(id, last, (text) => text.includes('event: result'))).toBe(rest)
  })

  it('honours an idempotency key', async () => {
    const key = { 'idempotency-key': 'one' }
    const [one, two] = await Promise.all([
      post(ann, { command: 'true' }, key),
      post(ann, { command: 'true', wait: true }, key),
    ])
    expect(one.run?.id).toBe(two.run?.id)
    expect((await post(ann, { command: 'false' }, key)).status).toBe(400)
    expect((await post(ben, { command: 'true' }, key)).run?.id).not.toBe(one.run?.id)
  })

  it('cancels in any state', async () => {
    const [going] = await Promise.all([post(ann, { command: 'sleep 60' }), post(ann, { command: 'sleep 2' })])
    const waiting = await post(ann, { command: 'echo never' })
    await until(ann, going.run?.id ?? '', 'running')
    expect(waiting.run?.state).toBe('queued')
    for (const { run } of [waiting, going]) {
      expect((await ann.call('DELETE', `/api/v1/runs/${run?.id}`)).body.state).toBe('canceled')
      expect((await ann.call('DELETE', `/api/v1/runs/${run?.id}`)).body.state).toBe('canceled')
    }
    const finished = await done(ann, { command: 'true' })
    expect((await ann.call('DELETE', `/api/v1/runs/${finished.id}`)).body).toEqual(finished)
  })

  it('lets nobody wait behind another tenant’s thousands', async () => {
    const flood = await Promise.all(Array.from({ length: 60 }, () => post(ann, { command: 'sleep 0.3' })))
    const run = await done(ben, { command: 'echo mine' })
    expect(run.status).toBe('ok')
    const states = await Promise.all(flood.map(({ run: one }) => get(ann, one?.id ?? '')))
    expect(states.filter(({ state }) => state === 'queued').length).toBeGreaterThan(30)
    await Promise.all(flood.map(({ run: one }) => ann.call('DELETE', `/api/v1/runs/${one?.id}`)))
  })

  it('lists runs, newest first, page by page, and finds them', async () => {
    const { id } = await done(ann, { command: 'true', metadata: { pupil: 'needle-17' } })
    const found = (await ann.call('GET', '/api/v1/runs?search=needle-17')).body
    expect(found.items.map((one: { id: string }) => one.id)).toEqual([id])
    const first = (await ann.call('GET', '/api/v1/runs?limit=2')).body
    const second = (await ann.call('GET', `/api/v1/runs?limit=2&cursor=${first.nextCursor}`)).body
    const all = (await ann.call('GET', '/api/v1/runs?limit=4')).body
    expect([...first.items, ...second.items]).toEqual(all.items)
    expect((await ann.call('GET', '/api/v1/runs?search=%25')).body.items).toEqual([])
  })

  it.each([
    ['limits above the quota', { command: 'true', limits: { memoryMiB: 100_000 } }, 422, /memoryMiB/],
    ['an unknown template', { command: 'true', template: 'nope' }, 422, /base/],
    ['zero limits', { command: 'true', limits: { wallMs: 0 } }, 400, /wallMs/],
    ['two ways to run', { ...python('1'), command: 'true' }, 400, /exactly one/],
    ['a path that leads out', { command: 'true', files: [{ path: '../x', content: '' }] }, 400, /path/],
    [
      'base64 that is none',
      { command: 'true', files: [{ path: 'x', content: '=', encoding: 'base64' }] },
      400,
      /base64/,
    ],
    ['a callback to this host', { command: 'true', callbackUrl: 'http://127.0.0.2/' }, 400, /not a public/],
    [
      'a callback to a private name',
      { command: 'true', callbackUrl: 'http://[::1]:80/x' },
      400,
      /not a public/,
    ],
    [
      'a callback to metadata',
      { command: 'true', callbackUrl: 'http://169.254.169.254/' },
      400,
      /not a public/,
    ],
  ])('refuses %s', async (_, body, status, words) => {
    const answer = await post(ann, body)
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body)).toMatch(words)
  })

  it('answers 429 when a line is full, and takes none of those in it away', async () => {
    const holding = await Promise.all([1, 2].map(() => post(ann, { command: 'sleep 60' })))
    // What an earlier test has canceled may have a place for a moment.
    for (const { run } of holding) await until(ann, run?.id ?? '', 'running')
    const waiting = await Promise.all(Array.from({ length: 80 }, () => post(ann, { command: 'echo waited' })))
    expect(waiting.map(({ status }) => status)).toEqual(Array(80).fill(202))
    const refused = await post(ann, { command: 'true' })
    expect(refused.status).toBe(429)
    expect(refused.body.code).toBe('queue_full')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await post(ben, { command: 'true' })).status).toBe(202)
    for (const { run } of holding) await ann.call('DELETE', `/api/v1/runs/${run?.id}`)
    for (const { run } of waiting) {
      expect((await until(ann, run?.id ?? '', 'finished')).steps[0]?.stdout.content).toBe('waited\n')
    }
  })

  it('forgets a result when its time is over, and no other', async () => {
    const [old, young] = [await done(ann, { command: 'true' }), await done(ann, { command: 'true' })]
    const socket = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    await using database = openDatabase(`postgresql://cloche@localhost/cloche?host=${socket}`)
    const week = `UPDATE run SET "expiresAt" = "expiresAt" - interval '168 hours' WHERE id = $1 RETURNING "expiresAt" <= "finishedAt" AS over`
    expect((await database.pool.query(week, [old.id])).rows).toEqual([{ over: true }])
    await new RunStore(database, 'sv_test', { running: 4, queued: 1, storageMiB: 1 }).expire()
    expect((await ann.call('GET', `/api/v1/runs/${old.id}`)).status).toBe(404)
    expect((await get(ann, young.id)).status).toBe('ok')
  })

  it('refuses a body of 100 MB before it has read it', async () => {
    const answer = await post(ann, { command: 'true', stdin: 'x'.repeat(17 << 20) })
    expect(answer.status).toBe(413)
  })

  it('tells the result to a callback, signed, again until it is taken, and follows no redirect', async () => {
    const heard: { headers: IncomingMessage['headers']; body: string; path: string | undefined }[] = []
    const receiver = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      heard.push({ headers: request.headers, body, path: request.url })
      if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end()
      else response.writeHead(heard.length < 2 ? 503 : 204).end()
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const address: AddressInfo | string | null = receiver.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { run } = await post(ann, { command: 'echo hi', callbackUrl: `http://127.0.0.1:${port}/done` })
    for (let tries = 0; tries < 300 && heard.length < 2; tries++) await sleep(50)
    await post(ann, { command: 'true', callbackUrl: `http://127.0.0.1:${port}/moved`, wait: true })
    for (let tries = 0; tries < 100 && heard.length < 3; tries++) await sleep(50)
    receiver.close()
    const { secret } = (await ann.call('GET', '/api/v1/runs/callback-secret')).body
    const key = Buffer.from(z.string().parse(secret).replace('whsec_', ''), 'base64')
    expect(heard.map(({ path }) => path)).toEqual(['/done', '/done', '/moved'])
    const [, taken] = heard
    const signed = `${taken?.headers['webhook-id']}.${taken?.headers['webhook-timestamp']}.${taken?.body}`
    const signature = createHmac('sha256', key).update(signed).digest('base64')
    expect(taken?.headers['webhook-signature']).toBe(`v1,${signature}`)
    expect(JSON.parse(taken?.body ?? '{}')).toMatchObject({ id: run?.id, status: 'ok' })
  })

  it('loses none when the runtime is killed, and says that it ran twice', async () => {
    const { run } = await post(ann, { command: 'sleep 3; echo done' })
    const waiting = await Promise.all([1, 2, 3].map(() => post(ann, { command: 'echo waited' })))
    await follow(run?.id ?? '', 0, (text) => text.includes('event: begin'))
    await kill('runtime')
    const again = await until(ann, run?.id ?? '', 'finished')
    expect(again).toMatchObject({ status: 'ok', attempt: 2 })
    for (const { run: one } of waiting)
      expect((await until(ann, one?.id ?? '', 'finished')).status).toBe('ok')
  })

  it('loses none when the server is killed', async () => {
    const going = await post(ann, { command: 'sleep 2; echo done' })
    const waiting = await Promise.all([1, 2, 3, 4].map(() => post(ann, { command: 'sleep 1; echo waited' })))
    await until(ann, going.run?.id ?? '', 'running')
    await kill('server')
    await answers()
    expect(await until(ann, going.run?.id ?? '', 'finished')).toMatchObject({ status: 'ok', attempt: 2 })
    for (const { run } of waiting) {
      const end = await until(ann, run?.id ?? '', 'finished')
      expect(end.status).toBe('ok')
      expect(end.steps[0]?.stdout.content).toBe('waited\n')
    }
  })

  it('loses none when the database is killed', async () => {
    const going = await post(ann, { command: 'sleep 2; echo done' })
    const waiting = await post(ann, { command: 'echo waited' })
    await until(ann, going.run?.id ?? '', 'running')
    await kill('postgres')
    await answers()
    expect(await until(ann, going.run?.id ?? '', 'finished')).toMatchObject({ status: 'ok', attempt: 1 })
    expect(await until(ann, waiting.run?.id ?? '', 'finished')).toMatchObject({ status: 'ok', message: null })
  })
})

import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run as runSchema } from '../protocol/api/index.js'
import { AnotherServer } from '../testing/another-server.js'
import { type Answer, TestClient } from '../testing/client.js'
import { type Instance, openInstance } from '../testing/instance.js'

const small = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
const quota = { sandboxes: 6, runs: 3 }
/** Longer than any lease. */
const stoppedMs = 12_000

/** How often `sleep MARK` is performed on this host now, by mark. */
function sleeping(): Map<string, number> {
  const found = new Map<string, number>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [program, mark = ''] = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
      if (program === 'sleep') found.set(mark, (found.get(mark) ?? 0) + 1)
    } catch {
      // it has ended
    }
  }
  return found
}

describe('two servers on one database and one node', () => {
  let instance: Instance
  let other: AnotherServer
  let database: pg.Pool
  let receiver: Server
  let callbackUrl: string
  /** What callbacks have told: the output of each run, every time. */
  const told = new Map<string, string[]>()

  beforeAll(async () => {
    const settings = { CLOCHE_CALLBACK_ALLOW: '127.0.0.1', CLOCHE_RUN_PLACES: '3', CLOCHE_POOL_SIZE: '3' }
    instance = await openInstance('two', settings)
    other = await AnotherServer.start(instance, settings)
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Pool({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}`, max: 2 })
    receiver = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      const { id, steps } = runSchema.parse(JSON.parse(body))
      told.set(id, [...(told.get(id) ?? []), steps[0]?.stdout.content ?? ''])
      response.writeHead(204).end()
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const address = receiver.address()
    callbackUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
  }, 300_000)
  afterAll(async () => {
    receiver?.close()
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  const urls = () => [instance.url, other.url] as const
  const operator = () => TestClient.withKey(instance.url, instance.admin.apiKey)
  /** A person's key, and what it calls with at each server. */
  const person = async (email: string) => {
    const session = await TestClient.signUp(instance.url, email)
    const { key } = (await session.call('POST', '/api/v1/keys', { name: 'k' })).body
    const tenantId: string = (await session.call('GET', '/api/v1/me')).body.tenant.id
    const [one, two] = urls().map((url) => TestClient.withKey(url, key))
    if (one === undefined || two === undefined) throw new Error('there are two servers')
    return { tenantId, one, two, any: () => (randomInt(2) === 0 ? one : two) }
  }
  /** Asks one server after the other until one of them gives an answer that stands. */
  const insist = async (
    who: { any(): TestClient },
    ...[method, path, body, headers]: Parameters<TestClient['call']>
  ): Promise<Answer> => {
    for (let tries = 0; tries < 600; tries++) {
      const answer = await Promise.race([
        who.any().call(method, path, body, headers),
        sleep(5000).then(() => undefined), // it hangs: the other one is asked
      ]).catch(() => undefined) // it is dead
      const passing = answer === undefined || answer.status >= 500 || [409, 429].includes(answer.status)
      if (!passing) return answer
      await sleep(100)
    }
    throw new Error(`${method} ${path} is not answered`)
  }
  /** Events as they come, until there are enough. */
  const follow = async (who: TestClient, id: string, enough: (text: string) => boolean) => {
    const stop = new AbortController()
    const answer = await fetch(new URL(`/api/v1/runs/${id}/events`, who.url), {
      ...{ headers: who.extraHeaders, signal: stop.signal },
    })
    let text = ''
    const reader = answer.body?.getReader()
    while (reader !== undefined && !enough(text)) {
      const { done, value } = await reader.read()
      if (done) break
      text += Buffer.from(value).toString()
    }
    stop.abort()
    return text
  }

  it('tell what a run prints while it prints it, wait for it and end it, whichever server performs it', async () => {
    const ann = await person('ann@example.org')
    const { body: run } = await ann.one.call('POST', '/api/v1/runs', {
      command: 'echo o$((1))e; sleep 3.171; echo tw$((0))',
    })
    const seen = await follow(ann.two, run.id, (text) => text.includes('o1e'))
    expect(seen).toContain('event: begin')
    expect(sleeping().get('3.171')).toBe(1)
    const whole = await follow(ann.two, run.id, (text) => text.includes('event: result'))
    expect(whole).toMatch(/o1e.*tw0.*event: step.*event: result/s)
    const key = { 'idempotency-key': 'w' }
    const posted = await ann.one.call('POST', '/api/v1/runs', { command: 'sleep 1; echo x' }, key)
    const waited = await ann.two.call('POST', '/api/v1/runs', { command: 'sleep 1; echo x', wait: true }, key)
    expect(waited.body).toMatchObject({ id: posted.body.id, state: 'finished', status: 'ok' })
    const { body: long } = await ann.one.call('POST', '/api/v1/runs', { command: 'sleep 60.172' })
    await expect.poll(() => sleeping().get('60.172'), { timeout: 20_000 }).toBe(1)
    expect((await ann.two.call('DELETE', `/api/v1/runs/${long.id}`)).body.state).toBe('canceled')
    await expect.poll(() => sleeping().has('60.172'), { timeout: 20_000 }).toBe(false)
  })

  it('perform a run of a server that is stopped once more, never twice at once, and keep one result', async () => {
    const ben = await person('ben@example.org')
    const mark = '20.173'
    const command = `cat /proc/sys/kernel/random/uuid; sleep ${mark}`
    const { body: run } = await ben.two.call('POST', '/api/v1/runs', {
      command,
      limits: { wallMs: 60_000 },
      callbackUrl,
    })
    await expect.poll(() => sleeping().get(mark), { timeout: 20_000 }).toBe(1)
    process.kill(other.pid, 'SIGSTOP')
    let most = 0
    const read = async () => {
      most = Math.max(most, sleeping().get(mark) ?? 0)
      return (await ben.one.call('GET', `/api/v1/runs/${run.id}`)).body
    }
    try {
      await expect.poll(async () => (await read()).attempt, { timeout: 30_000, interval: 100 }).toBe(2)
      // What the stopped server has begun would go on for as long.
      for (let times = 0; times < 20; times++) await sleep(100).then(read)
    } finally {
      process.kill(other.pid, 'SIGCONT')
    }
    await expect.poll(async () => (await read()).state, { timeout: 60_000, interval: 100 }).toBe('finished')
    expect(most).toBe(1)
    const result = await read()
    expect(result).toMatchObject({ status: 'ok', attempt: 2 })
    await expect.poll(() => told.get(run.id), { timeout: 20_000 }).toEqual([result.steps[0].stdout.content])
    expect((await ben.two.call('GET', `/api/v1/runs/${run.id}`)).body).toEqual(result)
  }, 120_000)

  it('lose nothing and do nothing twice while either is killed or stopped at random', async () => {
    const cleo = await person('cleo@example.org')
    const dora = await person('dora@example.org')
    const set = await operator().call('PATCH', `/api/v1/admin/tenants/${cleo.tenantId}`, { quota })
    expect(set.status).toBe(200)
    for (const name of ['a', 'b']) await insist(dora, 'POST', '/api/v1/sandboxes', { name, limits: small })
    const over = new AbortController()
    const alive = new Map<string, string>()
    const runs = new Map<string, { id: string; command: string }>()
    const exceeded: object[] = []
    let twice = 0
    const create = async (of: number) => {
      for (let at = 0; !over.signal.aborted; at++) {
        const key = `create-${of}-${at}`
        const made = await insist(
          cleo,
          'POST',
          '/api/v1/sandboxes',
          { limits: small },
          { 'idempotency-key': key },
        )
        if (made.status === 201) alive.set(made.body.id, key)
        else expect(made.body.code).toBe('quota_exceeded')
        const [oldest] = alive
        if (oldest === undefined || (made.status === 201 && at % 2 === 0)) continue
        alive.delete(oldest[0])
        const gone = await insist(cleo, 'DELETE', `/api/v1/sandboxes/${oldest[0]}`)
        expect([204, 404]).toContain(gone.status) // a server that was killed had done it
      }
    }
    const perform = async (of: number) => {
      for (let at = 0; !over.signal.aborted; at++) {
        const [key, mark] = [`run-${of}-${at}`, `0.4${of}${String(at).padStart(4, '0')}7`]
        const command = `cat /proc/sys/kernel/random/uuid; sleep ${mark}`
        const posted = await insist(
          cleo,
          'POST',
          '/api/v1/runs',
          { command, callbackUrl },
          { 'idempotency-key': key },
        )
        expect(posted.status).toBe(202)
        runs.set(key, { id: posted.body.id, command })
        await sleep(100)
      }
    }
    const watch = async () => {
      for (; !over.signal.aborted; await sleep(100)) {
        const { rows } = await database.query(
          `SELECT (SELECT count(*)::INTEGER FROM run WHERE "tenantId" = $1 AND state = 'running') AS runs,
             (SELECT count(*)::INTEGER FROM sandbox WHERE "tenantId" = $1 AND "deletedAt" IS NULL) AS sandboxes`,
          [cleo.tenantId],
        )
        if (rows[0].runs > quota.runs || rows[0].sandboxes > quota.sandboxes) exceeded.push(rows[0])
        twice = Math.max(
          twice,
          ...[...sleeping()].map(([mark, count]) => (mark.startsWith('0.4') ? count : 0)),
        )
      }
    }
    const load = Promise.all([create(0), create(1), perform(0), perform(1), watch()])
    load.catch(() => over.abort())
    for (const how of ['SIGKILL', 'SIGSTOP', 'SIGKILL', 'SIGSTOP'] as const) {
      await sleep(2000)
      const first = randomInt(2) === 0
      const pid = first ? ((await instance.processes()).get('server') ?? 0) : other.pid
      if (how === 'SIGSTOP') {
        process.kill(pid, 'SIGSTOP')
        await sleep(stoppedMs)
        process.kill(pid, 'SIGCONT')
      } else if (first)
        process.kill(pid, 'SIGKILL') // the supervisor starts it again
      else {
        await other.end('SIGKILL')
        await sleep(1000)
        await other.restart()
      }
    }
    await sleep(1000)
    over.abort()
    await load

    expect(exceeded).toEqual([])
    expect(twice).toBe(1)
    expect(runs.size).toBeGreaterThan(20)
    for (const [key, { id, command }] of runs) {
      const read = async () => (await insist(cleo, 'GET', `/api/v1/runs/${id}`)).body
      await expect.poll(async () => (await read()).state, { timeout: 60_000 }).toBe('finished')
      const result = runSchema.parse(await read())
      expect(result).toMatchObject({ status: 'ok', message: null })
      const again = { 'idempotency-key': key }
      expect((await insist(cleo, 'POST', '/api/v1/runs', { command, callbackUrl }, again)).body).toEqual(
        result,
      )
      // Told at least once, and never another result.
      await expect.poll(() => told.get(id)?.length ?? 0, { timeout: 60_000 }).toBeGreaterThan(0)
      expect(new Set(told.get(id))).toEqual(new Set([result.steps[0]?.stdout.content]))
    }
    expect(alive.size).toBeGreaterThan(0)
    for (const [id, key] of alive) {
      for (const server of [cleo.one, cleo.two]) {
        const said = await server.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: 'echo here' })
        expect(said.body).toMatchObject({ exitCode: 0, stdout: 'here\n' })
      }
      const again = await insist(
        cleo,
        'POST',
        '/api/v1/sandboxes',
        { limits: small },
        { 'idempotency-key': key },
      )
      expect(again.body.id).toBe(id)
    }
    const listed = (await insist(cleo, 'GET', '/api/v1/sandboxes')).body.items.map(
      ({ id }: { id: string }) => id,
    )
    expect(listed).toEqual(expect.arrayContaining([...alive.keys()]))
    const { entries, unknown } = (await operator().call('GET', '/api/v1/admin/quarantine')).body
    expect([entries, unknown]).toEqual([[], []])
    // Whoever read them, and however often: each second of a sandbox is in one hour, once.
    const { rows } = await database.query(
      `SELECT (SELECT sum("sandboxSeconds") FROM usage_hour WHERE "tenantId" = $1) AS counted,
         (SELECT sum((metered->>'at')::FLOAT8 / 1000 - extract(epoch FROM "startedAt")) FROM sandbox WHERE "tenantId" = $1)::FLOAT8 AS lived`,
      [dora.tenantId],
    )
    expect(rows[0].counted).toBeGreaterThan(20)
    expect(rows[0].counted).toBeCloseTo(rows[0].lived, 1)
  }, 240_000)
})

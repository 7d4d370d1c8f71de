import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, Conflict, InvalidRequest, NotFound, QuotaExceeded } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { RuntimeClient } from '../runtime-client/client.js'

const small = 'cpus: 0.1, mem_limit: 64m, pids_limit: 32, storage_opt: {size: 64m}'

/** Something like redis: keeps what it is told in a file of its volume. */
const store = `
import os, socketserver
path = "/data/kept"
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        # The health check says nothing.
        word, *rest = self.rfile.readline().decode().split() or [""]
        if word == "SET": open(path, "w").write(rest[0])
        self.wfile.write(open(path).read().encode() if os.path.exists(path) else b"nothing")
print("store is ready", flush=True)
socketserver.ThreadingTCPServer(("0.0.0.0", 6379), Handler).serve_forever()
`
const worker = `
import socket, time, urllib.request
line = socket.create_connection(("db", 6379)); line.sendall(b"SET of-the-worker\\n"); print("stored", line.recv(99).decode(), flush=True)
while True: print("worker sees", urllib.request.urlopen("http://www:8000/page").read().decode().strip(), flush=True); time.sleep(1)
`
const indented = (script: string) => script.trim().replaceAll(/^/gm, '        ')
const shop = `
x-small: &small {${small}, restart: on-failure}
services:
  worker:
    <<: *small
    image: base
    depends_on: {web: {condition: service_started}, db: {condition: service_healthy}, seed: {condition: service_completed_successfully}}
    command:
      - python3
      - -c
      - |
${indented(worker)}
  web:
    <<: *small
    image: base
    depends_on: [db]
    command: ["sh", "-c", "mkdir -p /tmp/www && echo $$GREETING >/tmp/www/page && exec python3 -m http.server 8000 --directory /tmp/www"]
    environment: {GREETING: "hello \${WHOM}"}
    ports: ["80:8000"]
    networks: {default: {aliases: [www]}}
  seed: {<<: *small, image: base, command: "sh -c 'echo seeded; sleep 1'", restart: "no"}
  db:
    <<: *small
    image: base
    user: root
    volumes: [data:/data]
    healthcheck: {test: "python3 -c 'import socket; socket.create_connection((\\"localhost\\", 6379))'", interval: 1s, timeout: 5s}
    command:
      - python3
      - -c
      - |
${indented(store)}
networks: {default: }
volumes: {data: {driver_opts: {size: 32m}}}
`

const all = async <T>(list: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const one of list) found.push(one)
  return found
}

describe('stacks', { timeout: 90_000 }, () => {
  let instance: Instance
  let cloche: Cloche
  let other: Cloche
  let database: pg.Client

  const tenant = async (email: string) => {
    const client = await TestClient.signUp(instance.url, email)
    const { body } = await client.call('POST', '/api/v1/keys', { name: 'stacks' })
    return new Cloche({ url: instance.url, apiKey: body.key })
  }
  beforeAll(async () => {
    instance = await sharedInstance()
    cloche = await tenant('owner@example.org')
    other = await tenant('other@example.org')
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
  })
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const statesOf = async (id: string) =>
    Object.fromEntries((await cloche.stacks.describe(id)).services.map(({ name, state }) => [name, state]))
  const sandboxOf = async (id: string, service: string) => {
    const of = (await cloche.stacks.describe(id)).services.find(({ name }) => name === service)
    return cloche.sandboxes.at(of?.sandbox ?? '')
  }
  const logged = async (id: string, options: { services?: string[]; since?: string } = {}) => {
    const lines: { id: string; text: string }[] = []
    for await (const event of cloche.stacks.logs(id, { follow: false, ...options })) {
      if (event.type === 'log') lines.push({ id: event.id, text: `${event.service}: ${event.text}` })
    }
    return lines
  }
  const until = async (holds: () => Promise<boolean>) => {
    for (let tries = 0; tries < 200; tries++) {
      if (await holds()) return
      await sleep(100)
    }
    throw new Error('it does not come about')
  }

  it('are started in their order, with names that resolve, logs, previews and volumes', async () => {
    const made = await cloche.stacks.create({ name: 'shop', compose: shop, variables: { WHOM: 'world' } })
    const { id } = made
    expect(made).toMatchObject({ name: 'shop', state: 'starting', compose: shop })
    const settled = await cloche.stacks.settled(id)
    expect(settled).toMatchObject({ state: 'running', problem: null })
    expect(settled.services.map(({ name }) => name)).toEqual(['seed', 'db', 'web', 'worker'])
    await until(async () =>
      (await logged(id, { services: ['worker'] })).some(({ text }) => text.includes('hello')),
    )
    expect(await statesOf(id)).toEqual({ seed: 'exited', db: 'healthy', web: 'running', worker: 'running' })
    const told = (await logged(id)).map(({ text }) => text).join('')
    expect(told).toContain('db: store is ready')
    expect(told).toContain('seed: seeded')
    expect(told).toMatch(/worker: stored of-the-worker\n(?:worker: )?worker sees hello world/)
    const [preview] = settled.services.find(({ name }) => name === 'web')?.ports ?? []
    expect(preview).toEqual({
      port: 8000,
      url: expect.stringMatching(/^http:\/\/8000-[0-9a-z]{20}\.localhost/),
    })
    const [volume] = (await all(cloche.volumes.list())).filter(({ name }) => name === 'shop_data')
    expect(volume).toMatchObject({ sizeMiB: 32, usedBy: [{ name: 'shop-db', path: '/data' }] })
    // What was read is not told again.
    const seen = await logged(id, { services: ['db', 'seed'] })
    expect(await logged(id, { services: ['db', 'seed'], since: seen.at(-1)?.id ?? '' })).toEqual([])
    await expect(logged(id, { services: ['nobody'] })).rejects.toBeInstanceOf(InvalidRequest)
    await expect(logged(id, { since: 'nonsense' })).rejects.toBeInstanceOf(InvalidRequest)
    for (const call of [
      () => other.stacks.describe(id),
      () => other.stacks.stop(id),
      () => other.stacks.delete(id),
      () => other.stacks.logs(id).next(),
    ]) {
      await expect(call()).rejects.toBeInstanceOf(NotFound)
    }
    expect(await all(other.stacks.list())).toEqual([])
  })

  it('stop and start as a whole; the volume stays when they are deleted', async () => {
    const [stack] = await all(cloche.stacks.list())
    const id = stack?.id ?? ''
    expect(await cloche.stacks.stop(id)).toMatchObject({ state: 'stopping' })
    expect(await cloche.stacks.settled(id)).toMatchObject({ state: 'stopped' })
    expect(new Set(Object.values(await statesOf(id)))).toEqual(new Set(['stopped']))
    await cloche.stacks.start(id)
    expect(await cloche.stacks.settled(id)).toMatchObject({ state: 'running', problem: null })
    const web = await sandboxOf(id, 'web')
    const ask = `python3 -c 'import socket; line = socket.create_connection(("db", 6379)); line.sendall(b"GET\\n"); print(line.recv(99).decode())'`
    expect((await web.exec(ask)).stdout).toBe('of-the-worker\n')
    // One that somebody deletes by itself is made again by a start.
    const gone = (await sandboxOf(id, 'seed')).id
    await (await sandboxOf(id, 'seed')).delete()
    expect(await cloche.stacks.describe(id)).toMatchObject({ state: 'degraded' })
    await cloche.stacks.start(id)
    await cloche.stacks.settled(id)
    expect((await sandboxOf(id, 'seed')).id).not.toBe(gone)
    await cloche.stacks.delete(id)
    await expect(cloche.stacks.describe(id)).rejects.toBeInstanceOf(NotFound)
    expect(await all(cloche.sandboxes.list())).toEqual([])
    const [volume] = await all(cloche.volumes.list())
    expect(volume).toMatchObject({ name: 'shop_data', usedBy: [] })
    const reader = await cloche.sandboxes.create({ volumes: [{ volume: volume?.id ?? '', path: '/data' }] })
    expect((await reader.exec('cat /data/kept')).stdout).toBe('of-the-worker')
    await reader.delete()
  })

  it('tell why a service does not start, and go on when it can', async () => {
    const compose = `services:
  db: {image: base, ${small}, command: sleep 999, healthcheck: {test: "test -e /tmp/works || exit 1", interval: 1s, retries: 2}}
  job: {image: base, ${small}, command: "sh -c 'echo broken >&2; exit 3'"}
  web: {image: base, ${small}, command: sleep 999, depends_on: {db: {condition: service_healthy}}}
  late: {image: base, ${small}, command: sleep 999, depends_on: {job: {condition: service_completed_successfully}}}
  any: {image: base, ${small}, command: sleep 999, depends_on: {job: {condition: service_completed_successfully, required: false}}}
`
    const { id } = await cloche.stacks.create({ name: 'sick', compose })
    await until(async () => ((await cloche.stacks.describe(id)).problem ?? '').includes('unhealthy'))
    const found = await cloche.stacks.describe(id)
    expect(found.state).toBe('failed')
    expect(found.problem).toMatch(/web was not started: db is unhealthy/)
    expect(found.problem).toMatch(/late was not started: job has ended with exit code 3/)
    expect(await statesOf(id)).toEqual({
      db: 'unhealthy',
      job: 'exited',
      web: 'waiting',
      late: 'waiting',
      any: 'running',
    })
    await (await sandboxOf(id, 'db')).exec('touch /tmp/works')
    await until(async () => (await statesOf(id)).web === 'running')
    expect((await cloche.stacks.describe(id)).problem).not.toMatch(/web/)
    await cloche.stacks.delete(id)
  })

  it('do not make a service again whose disk is not on its node', async () => {
    const compose = `services: {web: {image: base, command: sleep 999, ${small}}}`
    const { id } = await cloche.stacks.create({ name: 'away', compose })
    await cloche.stacks.settled(id)
    const sandbox = (await sandboxOf(id, 'web')).id
    const { rows } = await database.query('SELECT creation FROM sandbox WHERE id = $1', [sandbox])
    expect(rows).toEqual([{ creation: null }])
    // Where it is set aside, its node does not know it any more.
    using runtime = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
    await runtime.remove(sandbox)
    await cloche.stacks.start(id)
    await until(async () => (await cloche.stacks.describe(id)).problem !== null)
    expect(await cloche.stacks.describe(id)).toMatchObject({
      state: 'failed',
      problem: 'the disk of web is not on its node; ask your operator',
    })
    expect((await runtime.list()).map((one) => one.id)).not.toContain(sandbox)
    const { rows: driven } = await database.query('SELECT "driveAt" FROM stack WHERE id = $1', [id])
    expect(driven).toEqual([{ driveAt: null }])
    await cloche.stacks.delete(id)
  })

  it('are worked on two at once for one tenant, and others have their turn', async () => {
    const compose = `services: {web: {image: base, command: ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"], ${small}}}`
    const made = await Promise.all(
      ['slow-a', 'slow-b', 'slow-c'].map((name) => cloche.stacks.create({ name, compose })),
    )
    for (const { id } of made) await cloche.stacks.settled(id)
    for (const { id } of made) await cloche.stacks.stop(id)
    const stopWanted = async () => {
      const ids = made.map(({ id }) => id)
      const { rows } = await database.query(
        'SELECT count(*)::INT FROM sandbox WHERE "stackId" = ANY ($1) AND "stopWanted"',
        [ids],
      )
      return Number(rows[0].count)
    }
    await until(async () => (await stopWanted()) === 2)
    // Processes that do not listen have ten seconds.
    const theirs = await other.stacks.create({ name: 'theirs', compose })
    expect(await other.stacks.settled(theirs.id)).toMatchObject({ state: 'running' })
    expect(await stopWanted()).toBe(2)
    for (const { id } of made) expect(await cloche.stacks.settled(id)).toMatchObject({ state: 'stopped' })
    const { rows } = await database.query(
      `SELECT DISTINCT actor FROM audit_event WHERE action IN ('sandbox.create', 'sandbox.stop') AND actor LIKE 'stack slow%'`,
    )
    expect(rows.map(({ actor }) => actor).toSorted()).toEqual([
      'stack slow-a',
      'stack slow-b',
      'stack slow-c',
    ])
    for (const { id } of made) await cloche.stacks.delete(id)
    await other.stacks.delete(theirs.id)
  })

  it('are refused when the file is wrong, there is no room, or a name is taken', async () => {
    const one = (lines: string) => `services: {web: {image: base, command: sleep 9, ${small}, ${lines}}}`
    const refusedAs = async (compose: string, error: unknown, message: RegExp) => {
      const refused = cloche.stacks.create({ name: 'shop', compose })
      await expect(refused).rejects.toBeInstanceOf(error)
      await expect(refused).rejects.toThrow(message)
    }
    await refusedAs(one('privileged: true'), InvalidRequest, /services\.web\.privileged: is not supported/)
    await refusedAs(
      one('').replace('base', 'redis:7'),
      InvalidRequest,
      /no template "redis:7": images are imported/,
    )
    await refusedAs('services: {web: {image: base}}', InvalidRequest, /the template base says no program/)
    await refusedAs(
      one('volumes: ["a:/a"]}}\nvolumes: {a: {external: true}}\nx-z: {a: {'),
      InvalidRequest,
      /no volume named a/,
    )
    await refusedAs(one('').replace('64m}', '900g}'), QuotaExceeded, /diskMiB/)
    await cloche.sandboxes.create({ name: 'shop-web', limits: { memoryMiB: 64, diskMiB: 64 } })
    await refusedAs(one(''), Conflict, /a sandbox named shop-web exists already/)
    expect(await all(cloche.stacks.list())).toEqual([])
    const { id } = await cloche.stacks.create({ name: 'once', compose: one('') })
    await expect(cloche.stacks.create({ name: 'once', compose: one('') })).rejects.toThrow(
      /a stack named once/,
    )
    await cloche.stacks.delete(id)
  })

  it('are whole when the server is killed while it starts and while it deletes them', async () => {
    const kill = async () => {
      const pid = (await instance.processes()).get('server')
      if (pid === undefined) throw new Error('there is no server')
      process.kill(pid, 'SIGKILL')
    }
    const back = () =>
      until(async () => {
        const answer = await fetch(`${instance.url}/readyz`).catch(() => undefined)
        return answer?.ok === true
      })
    const compose = shop.replace('32m}}}', '32m}, name: kept}}')
    const { id } = await cloche.stacks.create({ name: 'killed', compose, variables: { WHOM: 'you' } })
    for (const waitMs of [20, 300, 1200]) {
      await sleep(waitMs)
      await kill()
      await back()
    }
    const { state, services } = await cloche.stacks.settled(id)
    expect(state).toBe('running')
    const { rows } = await database.query(
      'SELECT id FROM sandbox WHERE "stackId" = $1 AND "deletedAt" IS NULL ORDER BY id',
      [id],
    )
    expect(rows.map((row) => row.id)).toEqual(services.map(({ sandbox }) => sandbox).toSorted())
    for (const { sandbox } of services) {
      const processes = await (await cloche.sandboxes.at(sandbox ?? '')).processes.list()
      expect(processes).toHaveLength(1) // it was not started twice
    }
    const deleting = cloche.stacks.delete(id).catch(() => {}) // the server is killed under it
    await sleep(30)
    await kill()
    await deleting
    await back()
    await until(async () => (await all(cloche.stacks.list())).length === 0)
    const left = await database.query('SELECT id FROM sandbox WHERE "stackId" = $1 AND "deletedAt" IS NULL', [
      id,
    ])
    expect(left.rows).toEqual([])
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, nodeTemplateName } from '../../protocol/api/index.js'
import { unlistedTemplates } from '../../protocol/node/index.js'
import { Cloche, Conflict, InvalidRequest, NotFound, QuotaExceeded } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { file, image, layout, plainLayer } from '../../testing/images.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { RuntimeClient } from '../runtime-client/client.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
/** An image that says which one it is. */
const appOf = (greeting: string, more: readonly ReturnType<typeof file>[] = []) =>
  image(
    [
      plainLayer([
        file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
        { name: 'bin/sh', flag: '2', target: 'busybox' },
        file('etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
        file('greeting', greeting),
        ...more,
      ]),
    ],
    { Env: [`GREETING=${greeting}`], Cmd: ['/bin/sh'] },
  )

describe("a tenant's own template", { timeout: 60_000 }, () => {
  let instance: Instance
  let database: pg.Client
  let node: RuntimeClient
  let operator: Cloche
  let tenant: Cloche
  let other: Cloche
  let owner: TestClient
  let key: string

  beforeAll(async () => {
    instance = await openInstance('own')
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
    node = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
    operator = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    key = (await owner.call('POST', '/api/v1/keys', { name: 'templates' })).body.key
    tenant = new Cloche({ url: instance.url, apiKey: key })
    const stranger = await TestClient.signUp(instance.url, 'stranger@example.org')
    const { body } = await stranger.call('POST', '/api/v1/keys', { name: 'templates' })
    other = new Cloche({ url: instance.url, apiKey: body.key })
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const names = async (of: Cloche) => (await of.templates()).map(({ name }) => name)
  const greetingOf = async (of: Cloche, template: string) => {
    const sandbox = await of.sandboxes.create({ template, limits })
    const { stdout } = await sandbox.exec('echo $GREETING')
    await sandbox.delete()
    return stdout.trim()
  }
  const onNode = async () => (await node.ask('GET', '/templates/unlisted', unlistedTemplates)).names
  const idOf = async (name: string) =>
    (await tenant.templates()).find((one) => one.name === name)?.own?.id ?? ''

  it('is seen and used by its tenant alone, and comes before one of everybody', async () => {
    await operator.importTemplate('app', layout([appOf('everybody')]), { everyone: true })
    const made = await tenant.importTemplate('app', layout([appOf('tenant')]), { description: 'ours' })
    expect(made).toMatchObject({ name: 'app', description: 'ours', own: { source: 'image' } })
    expect(made.own?.sizeBytes).toBeGreaterThan(500_000)
    await other.importTemplate('app', layout([appOf('other')]))
    await tenant.importTemplate('secret', layout([appOf('secret')]))
    expect(await greetingOf(tenant, 'app')).toBe('tenant')
    expect(await greetingOf(other, 'app')).toBe('other')
    expect(await greetingOf(operator, 'app')).toBe('everybody')
    expect((await names(tenant)).filter((name) => name === 'app')).toEqual(['app'])
    expect(await names(tenant)).toEqual(expect.arrayContaining(['app', 'base', 'secret']))
    expect(await names(other)).not.toContain('secret')
    const guesses = ['secret', nodeTemplateName(await idOf('secret'))]
    for (const template of guesses) {
      await expect(other.sandboxes.create({ template, limits })).rejects.toThrow('not found; available: ')
      await expect(other.runs.create({ command: 'true', template })).rejects.toThrow('not found')
    }
    await expect(other.deleteTemplate('secret')).rejects.toBeInstanceOf(NotFound)
    await expect(tenant.importTemplate('tenant--app', layout([appOf('x')]))).rejects.toBeInstanceOf(
      InvalidRequest,
    )
    await other.deleteTemplate('app')
    expect(await greetingOf(other, 'app')).toBe('everybody')
    await tenant.deleteTemplate('secret')
    await expect.poll(onNode).toEqual([nodeTemplateName(await idOf('app'))])
  })

  it('is kept while something uses it, and replaced for what is new', async () => {
    const sandbox = await tenant.sandboxes.create({ template: 'app', name: 'user', limits })
    await expect(tenant.deleteTemplate('app')).rejects.toThrow(`the sandbox user (${sandbox.id})`)
    const before = await idOf('app')
    await tenant.importTemplate('app', layout([appOf('anew')]))
    expect(await idOf('app')).not.toBe(before)
    expect(await greetingOf(tenant, 'app')).toBe('anew')
    // What exists stays as it is, also when it is started again, copied, or made into a new one.
    await sandbox.stop({ graceSeconds: 0 })
    await sandbox.start()
    expect((await sandbox.exec('echo $GREETING')).stdout).toBe('tenant\n')
    const [fork] = await sandbox.fork()
    expect((await fork?.exec('echo $GREETING'))?.stdout).toBe('tenant\n')
    expect((await fork?.describe())?.template).toBe('app')
    await fork?.delete()
    const second = await tenant.sandboxes.create({ template: 'app', name: 'second', limits })
    const snapshot = await second.snapshot()
    await second.delete()
    await expect(tenant.deleteTemplate('app')).rejects.toThrow(`the snapshot ${snapshot.name}`)
    const again = await tenant.sandboxes.create({ snapshot: snapshot.id, limits })
    expect((await again.exec('echo $GREETING')).stdout).toBe('anew\n')
    await again.delete()
    await tenant.snapshots.delete(snapshot.id)
    await sandbox.delete()
    expect(await onNode()).toEqual([nodeTemplateName(await idOf('app'))])
  })

  it('counts against the quota of disk, and one that is too large leaves nothing', async () => {
    const { used } = await tenant.quota()
    expect(used.diskMiB).toBe(Math.ceil(((await tenant.templates())[0]?.own?.sizeBytes ?? 0) / 1024 ** 2))
    const { tenant: of } = (await owner.call('GET', '/api/v1/me')).body
    const { limits: quota } = await tenant.quota()
    const client = TestClient.withKey(instance.url, instance.admin.apiKey)
    const bound = async (diskMiB: number) => {
      const answer = await client.call('PATCH', `/api/v1/admin/tenants/${of.id}`, {
        quota: { ...quota, diskMiB },
      })
      expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ id: of.id })
    }
    const zeros = file('zeros', Buffer.alloc(32 * 1024 ** 2))
    await tenant.importTemplate('filler', layout([appOf('filler', [zeros])]))
    const full = (await tenant.quota()).used.diskMiB
    expect(full).toBeGreaterThan(used.diskMiB + 32)
    await bound(full + 8)
    const large = layout([appOf('large', [zeros])])
    await expect(tenant.importTemplate('large', large)).rejects.toBeInstanceOf(QuotaExceeded)
    expect(await names(tenant)).not.toContain('large')
    expect((await tenant.quota()).used.diskMiB).toBe(full)
    // The room of what is replaced is room for what replaces it.
    await bound(full)
    await tenant.importTemplate('filler', layout([appOf('anew', [zeros])]))
    await tenant.deleteTemplate('filler')
    await bound(quota.diskMiB)
    expect(await onNode()).toHaveLength(1)
  })

  it('is bounded in number', async () => {
    const app = await idOf('app')
    await database.query(
      `INSERT INTO template SELECT (jsonb_populate_record(null::template,
         to_jsonb(t) || jsonb_build_object('id', 'tp_' || n, 'name', 'many-' || n))).*
       FROM template t, generate_series(1, 99) n WHERE id = $1`,
      [app],
    )
    await expect(tenant.importTemplate('more', layout([appOf('more')]))).rejects.toBeInstanceOf(Conflict)
    await database.query(`DELETE FROM template WHERE name LIKE 'many-%'`)
  })

  it('of which the server died goes, and what the database does not know stays', async () => {
    const app = await idOf('app')
    const half = newId('tp')
    const [lost, kept] = [newId('tp'), newId('tp')]
    for (const id of [half, lost, kept]) {
      const path = `/templates/${nodeTemplateName(id)}/image`
      const archive = Readable.from([layout([appOf('half')])])
      await node.send('PUT', path, { listed: false }, archive)
    }
    // As a server leaves it that is killed while the node works: a row that is not ready, and nobody who touches it.
    for (const [id, name] of [
      [half, 'half'],
      [lost, 'lost'],
    ]) {
      await database.query(
        `INSERT INTO template SELECT (jsonb_populate_record(null::template, to_jsonb(t) || $2)).* FROM template t WHERE id = $1`,
        [app, { id, name, ready: false, touchedAt: '2020-01-01T00:00:00' }],
      )
    }
    await database.query('DELETE FROM template WHERE id = $1', [lost])
    await expect
      .poll(onNode, { timeout: 40_000 })
      .toEqual([app, kept].map((id) => nodeTemplateName(id)).toSorted())
    expect(await names(tenant)).not.toContain('half')
    await expect(tenant.sandboxes.create({ template: 'half', limits })).rejects.toThrow('not found')
  })

  it('comes and goes on the command line', async () => {
    const cli = (...args: string[]) =>
      execFileSync('bin/cloche', args, {
        env: { ...process.env, CLOCHE_URL: instance.url, CLOCHE_API_KEY: key },
        encoding: 'utf8',
      })
    const work = mkdtempSync('/var/tmp/cloche-own-')
    try {
      writeFileSync(join(work, 'app.tar'), layout([appOf('typed')]))
      expect(cli('template', 'import', join(work, 'app.tar'), '--name', 'typed')).toMatch(/^typed sha256:/)
      expect(cli('template', 'ls')).toMatch(/^typed +image +\S+ \S+ +/m)
      expect(cli('template', 'ls')).toMatch(/^base +everyone/m)
      cli('template', 'rm', 'typed')
      expect(cli('template', 'ls')).not.toContain('typed')
    } finally {
      rmSync(work, { recursive: true })
    }
  })

  it('goes with its tenant', async () => {
    const person = await TestClient.signUp(instance.url, 'leaver@example.org')
    const { body } = await person.call('POST', '/api/v1/keys', { name: 'templates' })
    const leaver = new Cloche({ url: instance.url, apiKey: body.key })
    await leaver.importTemplate('last', layout([appOf('last')]))
    const before = await onNode()
    const { tenant: of } = (await person.call('GET', '/api/v1/me')).body
    await person.call('POST', '/api/v1/tenants', { name: 'elsewhere' })
    const gone = await person.call('DELETE', '/api/v1/tenant', { name: of.name })
    expect(gone.status).toBe(204)
    await expect.poll(async () => (await onNode()).length, { timeout: 40_000 }).toBe(before.length - 1)
  })
})

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../protocol/api/index.js'
import { TestClient } from '../testing/client.js'
import { openTestDatabase, type TestDatabase } from '../testing/database.js'
import { freePort } from '../testing/instance.js'
import { openServer, type TestServer } from '../testing/server.js'
import { ApiError } from './errors.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('the audit log', () => {
  let database: TestDatabase
  let server: TestServer
  let sql: pg.Client

  beforeAll(async () => {
    database = await openTestDatabase('audit')
    server = await openServer({ DATABASE_URL: database.url, PORT: String(await freePort()) })
    sql = new pg.Client({ connectionString: database.url })
    await sql.connect()
    // A node that has a template and is full, as a node can be.
    const node = await server.parts.nodes.of(null)
    Object.assign(node.runtime, {
      templates: async () => [{ name: 'base', defaults: limits }],
      claim: async () => {
        throw new ApiError('node_full', 'the node has no memory left')
      },
      remove: async () => {},
    })
  })
  afterAll(async () => {
    await sql.end()
    await server[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  const signUp = (name: string) => TestClient.signUp(server.url, `${name}@example.org`)
  const actionsOf = async (who: TestClient) =>
    (await who.call('GET', '/api/v1/audit')).body.items.map(({ action }: { action: string }) => action)

  it('keeps the entry of a creation that failed, and has one of the failure', async () => {
    const ann = await signUp('ann')
    const refused = await ann.call('POST', '/api/v1/sandboxes', { name: 'box', limits })
    expect(refused).toMatchObject({ body: { code: 'node_full' } })
    const { items } = (await ann.call('GET', '/api/v1/audit?action=sandbox')).body
    expect(items).toMatchObject([
      { action: 'sandbox.create_failed', detail: { name: 'box', template: 'base', code: 'node_full' } },
      { action: 'sandbox.create', target: items[0].target },
    ])
    expect((await sql.query('SELECT FROM sandbox')).rows).toEqual([])
  })

  it('has an entry of a creation that the quota refused', async () => {
    const ben = await signUp('ben')
    const refused = await ben.call('POST', '/api/v1/sandboxes', { limits: { ...limits, cpus: 60 } })
    expect(refused).toMatchObject({ body: { code: 'quota_exceeded' } })
    expect(await actionsOf(ben)).toEqual(['sandbox.create_failed'])
  })

  it('has an entry of each command if its owner wants that, also of one that was refused', async () => {
    const eve = await signUp('eve')
    const { tenant } = (await eve.call('GET', '/api/v1/me')).body
    expect(tenant.auditCommands).toBe(false)
    const id = newId('sb')
    await sql.query(
      `INSERT INTO sandbox (id, "tenantId", name, template, state, limits, network, isolation, env, metadata)
       VALUES ($1, $2, 'box', 'base', 'running', $3, '"none"', 'standard', '{}', '{}')`,
      [id, tenant.id, JSON.stringify(limits)],
    )
    const path = `/api/v1/sandboxes/${id}`
    const run = async (command: string | string[]) => {
      expect((await eve.call('POST', `${path}/exec`, { command })).status).toBeGreaterThan(499)
    }
    await run('echo before')
    expect(await actionsOf(eve)).toEqual([])
    expect((await eve.call('PATCH', '/api/v1/tenant', {})).status).toBe(400)
    const on = await eve.call('PATCH', '/api/v1/tenant', { auditCommands: true })
    expect(on.body.tenant).toMatchObject({ auditCommands: true })
    await run(['ls', '-l'])
    await run(`echo ${'x'.repeat(2000)}`)
    const { items } = (await eve.call('GET', '/api/v1/audit')).body
    expect(items).toMatchObject([
      {
        action: 'exec.start',
        target: id,
        detail: { command: expect.stringMatching(/^echo x{507}…$/), user: 'user' },
      },
      { action: 'exec.start', target: id, detail: { command: 'ls -l', user: 'user' } },
      { action: 'tenant.audit_commands', detail: { auditCommands: true } },
    ])
    await eve.call('PATCH', '/api/v1/tenant', { auditCommands: false })
    await run('echo after')
    expect((await actionsOf(eve)).slice(0, 2)).toEqual(['tenant.audit_commands', 'exec.start'])
  })

  it('is append-only: the database refuses to change, delete or truncate entries', async () => {
    const cem = await signUp('cem')
    await cem.call('PATCH', '/api/v1/tenant', { name: 'Cem' })
    await sql.query(
      `INSERT INTO audit_event ("tenantId", actor, action, detail) VALUES (NULL, 'x', 'pool.warm', '{}')`,
    )
    const before = (await sql.query('SELECT * FROM audit_event ORDER BY id')).rows
    expect(before.length).toBeGreaterThan(1)
    for (const text of [
      `UPDATE audit_event SET actor = 'nobody'`,
      'DELETE FROM audit_event',
      'DELETE FROM audit_event WHERE "tenantId" IS NULL',
      'TRUNCATE audit_event',
      'SET LOCAL cloche.audit_archive = on; TRUNCATE audit_event',
    ]) {
      await expect(sql.query(text), text).rejects.toThrow(/append-only/)
    }
    expect((await sql.query('SELECT * FROM audit_event ORDER BY id')).rows).toEqual(before)
  })

  it('goes with its tenant, and old entries are archived by whoever says so', async () => {
    const dan = await signUp('dan')
    const { id } = (await dan.call('POST', '/api/v1/tenants', { name: 'Short' })).body
    await dan.call('POST', `/api/v1/tenants/${id}/activate`, {})
    const entries = () => sql.query('SELECT FROM audit_event WHERE "tenantId" = $1', [id])
    expect((await entries()).rowCount).toBe(1)
    expect((await dan.call('DELETE', '/api/v1/tenant', { name: 'Short' })).status).toBe(204)
    expect((await entries()).rowCount).toBe(0)
    const deleted = await dan.call('DELETE', '/api/v1/account', { currentPassword: 'correct horse battery' })
    expect(deleted.status).toBe(204)
    await sql.query('BEGIN; SET LOCAL cloche.audit_archive = on')
    const archived = await sql.query(`DELETE FROM audit_event WHERE action = 'tenant.delete'`)
    await sql.query('COMMIT')
    expect(archived.rowCount).toBe(1)
  })
})

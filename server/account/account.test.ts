import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const password = 'correct horse battery'
const other = 'another long password'
const small = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('accounts', () => {
  let instance: Instance
  let operator: TestClient

  beforeAll(async () => {
    instance = await sharedInstance()
    operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  const signUp = (name: string) => TestClient.signUp(instance.url, `${name}@example.org`)
  const signIn = (name: string, word = password) =>
    TestClient.signIn(instance.url, `${name}@example.org`, word)
  const me = async (who: TestClient) => (await who.call('GET', '/api/v1/me')).status
  const nobody = () => new TestClient(instance.url, { origin: instance.url })

  it('a new password needs the old one, and ends every other session', async () => {
    const [here, there] = [await signUp('pia'), await signIn('pia')]
    const body = { currentPassword: 'wrong', newPassword: other }
    expect((await here.call('PUT', '/api/v1/account/password', body)).status).toBe(403)
    expect(
      (await here.call('PUT', '/api/v1/account/password', { ...body, newPassword: 'short' })).status,
    ).toBe(400)
    const changed = await here.call('PUT', '/api/v1/account/password', { ...body, currentPassword: password })
    expect(changed.status).toBe(204)
    expect([await me(here), await me(there)]).toEqual([200, 401])
    await expect(signIn('pia')).rejects.toThrow('401')
    expect(await me(await signIn('pia', other))).toBe(200)
    const { body: log } = await here.call('GET', '/api/v1/audit?action=account')
    expect(log.items).toMatchObject([{ action: 'account.password', targetName: 'pia@example.org' }])
  })

  it('guesses of the current password are limited', async () => {
    const who = await signUp('gus')
    const guess = () =>
      who.call('PUT', '/api/v1/account/password', { currentPassword: 'a guess', newPassword: other })
    for (let tried = 0; tried < 10; tried++) expect((await guess()).status).toBe(403)
    const limited = await guess()
    expect([limited.status, limited.body.code]).toEqual([429, 'rate_limited'])
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('guesses that are sent all at once are limited like those one after another', async () => {
    const who = await signUp('guido')
    const body = { currentPassword: 'a guess', newPassword: other }
    const guesses = Array.from({ length: 15 }, () => who.call('PUT', '/api/v1/account/password', body))
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 403)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(5)
  })

  it('sessions are listed, the own one is marked, and others are ended', async () => {
    const [here, there, third] = [await signUp('sam'), await signIn('sam'), await signIn('sam')]
    const { sessions } = (await here.call('GET', '/api/v1/account/sessions')).body
    expect(sessions).toHaveLength(3)
    expect(sessions.filter((one: { current: boolean }) => one.current)).toHaveLength(1)
    const own = (await there.call('GET', '/api/v1/account/sessions')).body.sessions.find(
      (one: { current: boolean }) => one.current,
    )
    expect((await here.call('DELETE', `/api/v1/account/sessions/${own.id}`)).status).toBe(204)
    expect([await me(here), await me(there), await me(third)]).toEqual([200, 401, 200])
    expect((await here.call('DELETE', '/api/v1/account/sessions')).status).toBe(204)
    expect([await me(here), await me(third)]).toEqual([200, 401])
  })

  it('a reset link of an operator sets a password once, and ends every session', async () => {
    const ruth = await signUp('ruth')
    const mine = (await ruth.call('GET', '/api/v1/me')).body.user.id
    expect((await ruth.call('POST', `/api/v1/admin/users/${mine}/reset-link`, {})).status).toBe(403)
    const { users } = (await operator.call('GET', '/api/v1/admin/users?search=RUTH')).body
    expect(users).toMatchObject([{ id: mine, email: 'ruth@example.org', sessions: 1 }])
    const link = async () => {
      const { status, body } = await operator.call('POST', `/api/v1/admin/users/${mine}/reset-link`, {})
      expect([status, body.email]).toEqual([201, 'ruth@example.org'])
      return new URL(body.url).hash.slice(1)
    }
    const [replaced, secret] = [await link(), await link()]
    const reset = (body: object) => nobody().call('POST', '/api/v1/account/reset', body)
    expect((await reset({ secret: replaced, newPassword: other })).status).toBe(404)
    const preview = await nobody().call('POST', '/api/v1/account/reset/preview', { secret })
    expect(preview.body.email).toBe('ruth@example.org')
    const both = await Promise.all([1, 2].map(() => reset({ secret, newPassword: other })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 404])
    expect(await me(ruth)).toBe(401)
    await expect(signIn('ruth')).rejects.toThrow('401')
    const again = await signIn('ruth', other)
    const { items } = (await again.call('GET', '/api/v1/audit?action=account')).body
    expect(items.map((one: { action: string }) => one.action)).toEqual([
      'account.reset',
      'account.reset_link',
      'account.reset_link',
    ])
  })

  it('deleting an account loses nothing of other people and no sandbox', async () => {
    const [olga, mia] = [await signUp('olga'), await signUp('mia')]
    const invited = (await olga.call('POST', '/api/v1/invitations', { email: 'mia@example.org' })).body
    const secret = new URL(invited.url).hash.slice(1)
    const shown = (await nobody().call('POST', '/api/v1/invitations/preview', { secret })).body
    expect(shown).toMatchObject({
      ...{ tenant: "olga's tenant", email: 'mia@example.org', role: 'member' },
      invitedBy: 'olga (olga@example.org)',
    })
    expect((await mia.call('POST', '/api/v1/invitations/accept', { secret })).status).toBe(200)
    const remove = (who: TestClient, currentPassword = password) =>
      who.call('DELETE', '/api/v1/account', { currentPassword })
    const fate = async () => (await olga.call('GET', '/api/v1/account/deletion')).body.tenants
    expect(await fate()).toMatchObject([{ outcome: 'blocked', members: 1, sandboxes: 0 }])
    expect((await remove(olga)).status).toBe(409)
    expect(await me(olga)).toBe(200)
    // Somebody else's account leaves the tenant; the tenant stays.
    expect((await remove(mia, 'wrong')).status).toBe(403)
    expect((await remove(mia)).status).toBe(204)
    expect(await me(mia)).toBe(401)
    const box = (await olga.call('POST', '/api/v1/sandboxes', { limits: small })).body
    expect(await fate()).toMatchObject([{ outcome: 'blocked', members: 0, sandboxes: 1 }])
    expect((await remove(olga)).status).toBe(409)
    expect((await olga.call('GET', `/api/v1/sandboxes/${box.id}`)).body.state).toBe('running')
    await olga.call('DELETE', `/api/v1/sandboxes/${box.id}`)
    expect(await fate()).toMatchObject([{ outcome: 'delete', sandboxes: 0 }])
    expect((await remove(olga)).status).toBe(204)
    await expect(signIn('olga')).rejects.toThrow('401')
    // The only operator stays.
    const refused = await operator.call('DELETE', '/api/v1/account', {
      currentPassword: instance.admin.password,
    })
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('only operator')])
  })

  it('a tenant is deleted by name, when it is empty and not the only one', async () => {
    const tom = await signUp('tom')
    const remove = (name: string) => tom.call('DELETE', '/api/v1/tenant', { name })
    expect((await remove("tom's tenant")).status).toBe(409)
    const second = (await tom.call('POST', '/api/v1/tenants', { name: 'second' })).body
    await tom.call('POST', `/api/v1/tenants/${second.id}/activate`, {})
    const box = (await tom.call('POST', '/api/v1/sandboxes', { limits: small })).body
    expect((await remove('secondd')).status).toBe(400)
    expect((await remove('second')).status).toBe(409)
    await tom.call('DELETE', `/api/v1/sandboxes/${box.id}`)
    expect((await remove('second')).status).toBe(204)
    const { body } = await tom.call('GET', '/api/v1/me')
    expect(body.tenants.map((one: { name: string }) => one.name)).toEqual(["tom's tenant"])
  })

  it('two sandboxes of a tenant never share a name while they exist', async () => {
    const nora = await signUp('nora')
    const make = (name?: string) =>
      nora.call('POST', '/api/v1/sandboxes', { limits: small, ...(name ? { name } : {}) })
    const both = await Promise.all([make('same'), make('same')])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    const [first, refused] = both[0].status === 201 ? both : [both[1], both[0]]
    expect(refused.body).toMatchObject({ code: 'conflict', existingId: first.body.id })
    expect(refused.body.detail).toContain(first.body.id)
    const second = (await make()).body
    const renamed = await nora.call('PATCH', `/api/v1/sandboxes/${second.id}`, { name: 'same' })
    expect([renamed.status, renamed.body.existingId]).toEqual([409, first.body.id])
    // Nothing of the refused one is left, and a name is free again after a deletion; another tenant has its own names.
    expect((await nora.call('GET', '/api/v1/quota')).body.used.sandboxes).toBe(2)
    await nora.call('DELETE', `/api/v1/sandboxes/${first.body.id}`)
    const again = await make('same')
    expect(again.status).toBe(201)
    const stranger = await signUp('stranger')
    const theirs = await stranger.call('POST', '/api/v1/sandboxes', { limits: small, name: 'same' })
    expect(theirs.status).toBe(201)

    const log = await nora.call('GET', `/api/v1/audit?action=sandbox.create&target=${again.body.id}`)
    expect(log.body.items).toMatchObject([{ targetName: 'same', targetExists: true }])
    expect(
      (await nora.call('GET', '/api/v1/audit?actor=NORA&action=sandbox')).body.items.length,
    ).toBeGreaterThan(3)
    expect((await nora.call('GET', '/api/v1/audit?from=2100-01-01T00:00:00Z')).body.items).toEqual([])
    const csv = await nora.call('GET', '/api/v1/audit.csv?action=sandbox.create')
    expect(csv.body.split('\r\n').length).toBe(5)
    for (const { id } of [second, again.body]) await nora.call('DELETE', `/api/v1/sandboxes/${id}`)
    await stranger.call('DELETE', `/api/v1/sandboxes/${theirs.body.id}`)
  })

  it('the migration gives older duplicates names of their own', async () => {
    const { default: pg } = await import('pg')
    const { readFile } = await import('node:fs/promises')
    const client = new pg.Client({
      connectionString: `postgresql://cloche@localhost/postgres?host=/run/cloche/${instance.name}/postgres`,
    })
    await client.connect()
    try {
      await client.query(
        'CREATE TEMP TABLE sandbox (id TEXT, "tenantId" TEXT, name TEXT, "createdAt" TIMESTAMP, "deletedAt" TIMESTAMP)',
      )
      const long = 'n'.repeat(64)
      for (const [id, tenant, name, at, deleted] of [
        ['sb_aaaaaaaaaaaaaaaa1111', 't', 'x', 1, null],
        ['sb_aaaaaaaaaaaaaaaa2222', 't', 'x', 2, null],
        // Its place is where the one before would go.
        ['sb_aaaaaaaaaaaaaaaa3333', 't', 'x-2222', 3, null],
        ['sb_aaaaaaaaaaaaaaaa4444', 't', 'x', 0, 9],
        ['sb_aaaaaaaaaaaaaaaa5555', 'u', 'x', 5, null],
        ['sb_aaaaaaaaaaaaaaaa6666', 't', long, 6, null],
        ['sb_aaaaaaaaaaaaaaaa7777', 't', long, 7, null],
      ] as const) {
        await client.query('INSERT INTO sandbox VALUES ($1, $2, $3, to_timestamp($4), to_timestamp($5))', [
          ...[id, tenant, name, at, deleted],
        ])
      }
      await client.query(
        await readFile('prisma/migrations/20261128080001_sandbox_names/migration.sql', 'utf8'),
      )
      const { rows } = await client.query('SELECT right(id, 4) AS id, name FROM sandbox ORDER BY 1')
      expect(rows.map(({ id, name }) => [id, name])).toEqual([
        ['1111', 'x'],
        ['2222', 'x-2222'],
        ['3333', 'x-2222-aaaa3333'],
        ['4444', 'x'],
        ['5555', 'x'],
        ['6666', long],
        ['7777', `${'n'.repeat(59)}-7777`],
      ])
    } finally {
      await client.end()
    }
  })
})

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { adminQuarantine, newId, pairing, sandbox } from '../protocol/api/index.js'
import { TestClient } from '../testing/client.js'
import { withClient } from './database.js'
import { TestInstance, until } from './testing/instance.js'

const credentials = z.object({ email: z.string(), password: z.string(), apiKey: z.string() })

// Each start takes a few seconds, and many more on a machine that does other things as well.
describe('an installation that loses its records or its database', { timeout: 300_000 }, () => {
  let instance: TestInstance
  let made: string[]

  const admin = () => credentials.parse(JSON.parse(readFileSync(join(instance.home, 'admin.json'), 'utf8')))
  const api = (method: string, path: string, body: object = {}) =>
    TestClient.withKey(`http://127.0.0.1:${instance.port}`, admin().apiKey).call(
      method,
      `/api/v1${path}`,
      method === 'GET' || method === 'DELETE' ? undefined : body,
    )
  const quarantine = async () => adminQuarantine.parse((await api('GET', '/admin/quarantine')).body)
  const state = async () => pairing.parse((await api('GET', '/admin/installation')).body)
  const states = async () =>
    z
      .array(sandbox)
      .parse((await api('GET', '/sandboxes')).body.items)
      .map(({ id, state, failure }) => ({ id, state, failure }))
  const query = async (text: string) => {
    const url = `postgresql://cloche@localhost/cloche?host=${encodeURIComponent(join(instance.run, 'postgres'))}`
    await withClient(url, (client) => client.query(text).then(() => {}))
  }
  /** As an older database would be: without rows, and without having deleted them. */
  const forget = (ids: readonly string[]) =>
    query(`ALTER TABLE sandbox DISABLE TRIGGER USER;
      DELETE FROM sandbox WHERE id IN (${ids.map((id) => `'${id}'`).join(',')});
      ALTER TABLE sandbox ENABLE TRIGGER USER`)
  /** Every file that a test has written into a sandbox, wherever its disk is. */
  const files = () =>
    ['sandboxes', 'quarantine']
      .flatMap((root) =>
        readdirSync(join(instance.home, 'disk', root)).map((name) =>
          join(instance.home, 'disk', root, name, 'upper/home/user/kept'),
        ),
      )
      .filter(existsSync)
      .map((file) => readFileSync(file, 'utf8').trim())
      .toSorted()
  const down = async () => expect((await instance.bin('down')).code).toBe(0)
  const up = async () => {
    const { code, said } = await instance.up()
    expect(code, said).toBe(0)
    return said
  }
  const expectFiles = async () => {
    for (const id of made) {
      expect((await api('POST', `/sandboxes/${id}/start`)).body).toMatchObject({ state: 'running' })
      const answer = await api('POST', `/sandboxes/${id}/exec`, { command: 'cat kept' })
      expect(answer.body).toMatchObject({ stdout: `${id}\n` })
    }
  }
  const restoreAll = async () => {
    for (const { id } of (await quarantine()).entries) {
      expect((await api('POST', `/admin/quarantine/${id}/restore`)).body).toMatchObject({ state: 'stopped' })
    }
  }

  beforeAll(async () => {
    instance = await TestInstance.make('l')
    await up()
    made = []
    for (const name of ['one', 'two', 'three']) {
      const { id } = z.object({ id: z.string() }).parse((await api('POST', '/sandboxes', { name })).body)
      made.push(id)
      await api('POST', `/sandboxes/${id}/exec`, { command: `echo ${id} > kept; sync` })
    }
    made.sort()
    // A row that is younger than a minute may be of a creation that is under way, and is left alone.
    await query(`UPDATE sandbox SET "createdAt" = "createdAt" - interval '2 minutes'`)
  }, 300_000)
  afterAll(() => instance.remove())

  it('keeps every disk when records are truncated, tells of it, and gives them back', async () => {
    await down()
    for (const name of readdirSync(join(instance.home, 'boxes'))) {
      truncateSync(join(instance.home, 'boxes', name, 'record.json'))
    }
    await up()
    expect(files()).toEqual(made)
    const { entries, unknown } = await quarantine()
    expect(unknown).toEqual([])
    expect(entries.map(({ sandboxId }) => sandboxId).toSorted()).toEqual(made)
    expect(entries.map(({ cause }) => cause)).toEqual(made.map(() => 'unreadable_record'))
    const url = `http://127.0.0.1:${instance.port}/metrics`
    const metrics = await fetch(url, { headers: { authorization: `Bearer ${admin().apiKey}` } })
    expect(await metrics.text()).toMatch(/^cloche_quarantined_sandboxes\{node=".+"\} 3$/m)
    expect((await api('GET', '/admin/node')).body).toMatchObject({ quarantined: 3 })
    await until('their rows have failed', async () =>
      (await states()).every(({ state }) => state === 'failed'),
    )
    await restoreAll()
    await expectFiles()
  })

  it('destroys nothing for an empty database, and works as before when the old one is back', async () => {
    const [before, belongs] = [admin(), await state()]
    expect(belongs).toMatchObject({ state: 'paired', problem: null })
    await down()
    renameSync(join(instance.home, 'postgres'), join(instance.home, 'postgres.away'))
    expect(await up()).toContain('WARNING: The database is not the one that this node belongs to')
    expect(admin().apiKey).not.toBe(before.apiKey)
    expect(await instance.status('/readyz')).toBe(503)
    expect(await state()).toMatchObject({ state: 'mismatch', node: belongs.node })
    const refused = await api('POST', '/sandboxes', {})
    expect(refused).toMatchObject({ status: 503, body: { code: 'runtime_unavailable' } })
    expect(refused.body.detail).toContain('adopts the node on the operator page')
    expect([files(), (await quarantine()).entries]).toEqual([made, []])

    const wrong = await api('POST', '/admin/installation/adopt', { node: newId('in') })
    expect(wrong).toMatchObject({ status: 409 })
    const adopted = await api('POST', '/admin/installation/adopt', { node: belongs.node })
    expect(adopted.body).toMatchObject({ state: 'paired', problem: null })
    // Of three, one is set aside at a time; the operator decides on the rest.
    await until('a sandbox was set aside', async () => (await quarantine()).unknown.length === 2)
    const seen = await quarantine()
    expect(seen.entries).toMatchObject([{ cause: 'unknown_to_database' }])
    const more = await api('POST', '/admin/quarantine', { sandboxId: seen.unknown[0]?.id })
    expect(more).toMatchObject({ status: 201, body: { sandboxId: seen.unknown[0]?.id } })
    const foreign = await api('POST', `/admin/quarantine/${more.body.id}/restore`)
    expect(foreign).toMatchObject({ status: 409, body: { detail: expect.stringContaining('no tenant') } })
    expect(files()).toEqual(made)

    await down()
    rmSync(join(instance.home, 'postgres'), { recursive: true })
    renameSync(join(instance.home, 'postgres.away'), join(instance.home, 'postgres'))
    expect(await up()).toContain('WARNING')
    expect(admin()).toMatchObject({ email: before.email, apiKey: before.apiKey })
    const { node } = await state()
    await api('POST', '/admin/installation/adopt', { node })
    await restoreAll()
    expect(await instance.status('/readyz')).toBe(200)
    await expectFiles()
  })

  it('sets aside what an older database does not know, and restores it with a row of its own', async () => {
    const [first = '', second = '', third = ''] = made
    await forget([first])
    await until('it was set aside', async () => (await quarantine()).entries.length === 1)
    expect((await quarantine()).entries).toMatchObject([{ sandboxId: first, cause: 'unknown_to_database' }])
    expect(files()).toEqual(made)
    await restoreAll()
    expect((await states()).map(({ id }) => id).toSorted()).toEqual(made)
    await expectFiles()
    // A row that was deleted is something else: then the sandbox is nobody's.
    await query(`DELETE FROM sandbox WHERE id = '${third}'`)
    await until('it was destroyed', () => files().length === 2)
    made = [first, second]
    expect((await quarantine()).entries).toEqual([])
  })

  it('changes no row for a node that was emptied, and has every sandbox when the node is back', async () => {
    const away = join(instance.home, 'away')
    const node = ['boxes', 'disk.img', 'installation.json']
    await down()
    mkdirSync(away)
    for (const name of node) renameSync(join(instance.home, name), join(away, name))
    expect(await up()).toContain('WARNING: The database has 2 sandboxes, and the node has none')
    expect(await instance.status('/readyz')).toBe(503)
    expect(
      (await states())
        .filter(({ state }) => state !== 'failed')
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(made)
    await down()
    for (const name of node) {
      rmSync(join(instance.home, name), { recursive: true, force: true })
      renameSync(join(away, name), join(instance.home, name))
    }
    await up()
    expect(await instance.status('/readyz')).toBe(200)
    await expectFiles()
  })
})

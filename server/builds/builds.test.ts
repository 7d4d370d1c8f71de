import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, InvalidRequest, NotFound } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { dir, type Entry, file, tar } from '../../testing/images.js'
import type { Instance } from '../../testing/instance.js'
import { OneConnection } from '../../testing/one-connection.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.5, memoryMiB: 128, diskMiB: 64, pids: 64 }
const context = (dockerfile: string, files: readonly Entry[] = []) =>
  new Uint8Array(tar([file('Dockerfile', dockerfile), ...files]))
async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const heard: T[] = []
  for await (const event of events) heard.push(event)
  return heard
}

describe("a tenant's build", { timeout: 60_000 }, () => {
  let instance: Instance
  let tenant: Cloche
  let other: Cloche
  let database: pg.Client
  /** Of `tenant`. */
  let key: { authorization: string }

  beforeAll(async () => {
    instance = await sharedInstance()
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
    const of = async (email: string) => {
      const who = await TestClient.signUp(instance.url, email)
      const { body } = await who.call('POST', '/api/v1/keys', { name: 'builds' })
      key ??= { authorization: `Bearer ${body.key}` }
      return new Cloche({ url: instance.url, apiKey: body.key })
    }
    tenant = await of('owner@example.org')
    other = await of('stranger@example.org')
  })
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  it('becomes a template of its own, tells what it does, and is found again', async () => {
    const text = 'FROM base\nARG WHO\nCOPY d /d\nRUN echo "hello $WHO" | tee /d/greeting'
    const told: string[] = []
    const files = [dir('d'), file('d/a', 'a')]
    const built = await tenant.buildTemplate('mine', context(text, files), {
      ...{ limits, args: { WHO: 'you' } },
      onEvent: (event) => told.push(event.type === 'output' ? event.text : event.type),
    })
    expect(built).toMatchObject({ template: 'mine', status: 'succeeded', error: null })
    expect(told.join()).toContain('hello you\r\n')
    expect(told.at(-1)).toBe('end')
    await using sandbox = await tenant.sandboxes.create({ template: 'mine', limits })
    expect((await sandbox.exec('cat /d/greeting; id -un')).stdout).toBe('hello you\nuser\n')
    expect((await tenant.templates()).find(({ name }) => name === 'mine')?.own).toMatchObject({
      source: 'build',
    })
    // From any event on, also when it is over.
    const rest = await all(tenant.builds.events('mine', built.id, { since: 2 }))
    expect(rest[0]?.number).toBe(3)
    expect(rest.at(-1)).toMatchObject({ type: 'end', status: 'succeeded' })
    // Nobody else's.
    await expect(other.builds.describe('mine', built.id)).rejects.toThrow(NotFound)
    expect(await other.builds.list()).toEqual([])
    expect((await tenant.builds.list()).map(({ id }) => id)).toEqual([built.id])
    const again = await all(
      tenant.builds.events(
        'again',
        (await tenant.builds.start('again', context(text, files), { limits, args: { WHO: 'you' } })).id,
      ),
    )
    expect(again.filter((event) => event.type === 'step' && event.state === 'cached')).toHaveLength(2)
  })

  it('fails with its reason, and leaves the template as it was', async () => {
    const before = (await tenant.templates()).find(({ name }) => name === 'mine')
    const built = await tenant.buildTemplate('mine', context('FROM mine\nRUN echo no >&2; exit 3'), {
      limits,
    })
    expect(built).toMatchObject({ status: 'failed', error: 'Dockerfile line 2: RUN ended with exit code 3' })
    expect((await tenant.templates()).find(({ name }) => name === 'mine')).toEqual(before)
    const count = (await tenant.builds.list()).length
    await expect(tenant.builds.start('mine', context('FROM nowhere'))).rejects.toThrow('Dockerfile line 1')
    await expect(tenant.builds.start('mine', context('FROM base'), { target: 'x' })).rejects.toThrow(
      InvalidRequest,
    )
    await expect(tenant.builds.start('mine', 'no tar')).rejects.toThrow(InvalidRequest)
    await expect(other.builds.start('theirs', context('FROM mine'))).rejects.toThrow('there is no template')
    expect((await tenant.builds.list()).length).toBe(count)
  })

  it('is refused with options behind its context, and the next call of the connection is answered', async () => {
    using line = new OneConnection(instance.url, key)
    const form = (...parts: readonly (readonly [head: string, content: string | Uint8Array])[]) => ({
      headers: { 'content-type': 'multipart/form-data; boundary=cut' },
      body: Buffer.concat([
        ...parts.flatMap(([head, content]) => [
          Buffer.from(`--cut\r\ncontent-disposition: form-data; ${head}\r\n\r\n`),
          ...[Buffer.from(content), Buffer.from('\r\n')],
        ]),
        Buffer.from('--cut--\r\n'),
      ]),
    })
    const asContext = 'name="context"; filename="c"'
    const good = context('FROM base')
    const large = tar([file('Dockerfile', 'FROM base'), file('more', 'x'.repeat(8 * 1024 ** 2))])
    const noTar = Buffer.alloc(8 * 1024 ** 2, 'x')
    const starts = { method: 'POST', path: '/api/v1/templates/behind/builds' }
    const options = ['name="options"', '{"noCache":true}'] as const
    const count = (await tenant.builds.list()).length
    const refused = [
      [form([asContext, good], options), 'options come after context'],
      [form([asContext, large], options), 'options come after context'],
      [form(options, [asContext, good], ['name="more"', 'x']), 'more than one options and one context'],
      [form(options, [asContext, noTar]), 'tar'],
      [form(['name="options"', '{"no":1}'], [asContext, large]), 'options: '],
      [form(['name="other"', 'x'], [asContext, large]), 'no field'],
    ] as const
    const ports = new Set<number | undefined>()
    for (const [sent, why] of refused) {
      const answer = await line.call({ ...starts, ...sent })
      expect([answer.status, answer.text], why).toEqual([400, expect.stringContaining(why)])
      const next = await line.call({ method: 'GET', path: '/api/v1/builds' })
      expect([next.status, next.text.slice(0, 200)], `${why} ${sent.body.length}`).toEqual([
        200,
        expect.anything(),
      ])
      ports.add(answer.port).add(next.port)
    }
    expect(await tenant.builds.list()).toHaveLength(count)
    const begun = await line.call({ ...starts, ...form(options, [asContext, good]) })
    expect([begun.status, begun.text]).toEqual([201, expect.stringContaining('"template":"behind"')])
    // Nothing was cut off in between: what is left of a body that nobody wants is read.
    expect(ports.add(begun.port).size).toBe(1)
    await all(tenant.builds.events('behind', JSON.parse(begun.text).id))
    // So it is with others that take bytes as they come.
    await using sandbox = await tenant.sandboxes.create({ limits })
    for (const path of [
      `/api/v1/sandboxes/${sandbox.id}/archive?path=/tmp`,
      `/api/v1/sandboxes/${sandbox.id}/files?path=/proc/none/x`,
      '/api/v1/templates/behind/image',
    ]) {
      const answer = await line.call({ method: 'PUT', path, body: noTar })
      expect(answer.status, path).toBeGreaterThanOrEqual(400)
      expect(answer.status, path).toBeLessThan(500)
      const next = await line.call({ method: 'GET', path: '/api/v1/builds' })
      expect([next.status, next.port], path).toEqual([200, begun.port])
    }
  })

  it('is canceled, and keeps what it uses until then', async () => {
    const { id } = await tenant.builds.start('canceled', context('FROM mine\nRUN echo begun; sleep 1000'), {
      limits,
    })
    let status: string | undefined
    for await (const event of tenant.builds.events('canceled', id)) {
      if (event.type === 'output') {
        await expect(tenant.deleteTemplate('mine')).rejects.toThrow(id)
        await tenant.builds.cancel('canceled', id)
      }
      if (event.type === 'end') status = event.status
    }
    expect(status).toBe('canceled')
    expect((await tenant.templates()).map(({ name }) => name)).not.toContain('canceled')
  })

  it('is followed to its end over lines that break', async () => {
    let broken = 0
    const breaking = new Cloche({
      ...{ url: instance.url, apiKey: key.authorization.slice(7) },
      fetch: async (input, init) => {
        const answer = await fetch(input, init)
        if (!String(input).endsWith('/events') || answer.body === null || broken >= 3) return answer
        broken++
        const reader = answer.body.getReader()
        let chunks = 0
        return new Response(
          new ReadableStream({
            async pull(controller) {
              const { done, value } = await reader.read()
              if (done || ++chunks > 2) controller.error(new TypeError('the line broke'))
              else controller.enqueue(value)
            },
          }),
        )
      },
    })
    const { id } = await breaking.builds.start(
      'broken',
      context('FROM base\nRUN for i in 1 2 3 4 5 6; do echo line $i; sleep 0.4; done'),
      { limits, noCache: true },
    )
    const heard = await all(breaking.builds.events('broken', id))
    expect(broken).toBe(3)
    expect(heard.map(({ number }) => number)).toEqual(heard.map((_, at) => at + 1))
    expect(heard.at(-1)).toMatchObject({ type: 'end', status: 'succeeded' })
    expect(heard.map((event) => (event.type === 'output' ? event.text : '')).join('')).toContain('line 6')
    expect(await all(breaking.builds.events('broken', id, { since: heard.length }))).toEqual([])
  })

  it('that another server has ended says nothing any more, and is ended on its node', async () => {
    const { id } = await tenant.builds.start(
      'stalled',
      context('FROM base\nRUN while :; do echo more; sleep 0.1; done'),
      { limits, noCache: true },
    )
    const numbers = async () =>
      (
        await database.query('SELECT number FROM build_event WHERE "buildId" = $1 ORDER BY number', [id])
      ).rows.map(({ number }) => number)
    await expect.poll(async () => (await numbers()).length, { timeout: 20_000 }).toBeGreaterThan(3)
    // As another server ends one whose server was silent for a minute.
    await database.query('BEGIN')
    await database.query('SELECT FROM build WHERE id = $1 FOR UPDATE', [id])
    const last = (await numbers()).at(-1)
    await database.query(
      `INSERT INTO build_event VALUES ($1, $2, '{"type":"end","status":"failed","error":"x"}')`,
      [...[id, last + 1]],
    )
    await database.query(`UPDATE build SET status = 'failed', error = 'x' WHERE id = $1`, [id])
    await database.query('COMMIT')
    // Its place is free again when the node has ended it.
    const making = `SELECT FROM template WHERE name = 'stalled'`
    await expect.poll(async () => (await database.query(making)).rowCount, { timeout: 20_000 }).toBe(0)
    expect((await numbers()).at(-1)).toBe(last + 1)
    expect(await tenant.builds.describe('stalled', id)).toMatchObject({ status: 'failed', error: 'x' })
  })

  it('has no secret in what is kept of it', async () => {
    const value = 'correct-horse-battery-staple'
    const built = await tenant.buildTemplate(
      'secretive',
      context('FROM base\nRUN --mount=type=secret,id=key cat /run/secrets/key'),
      { limits, secrets: { key: value } },
    )
    expect(built.status).toBe('succeeded')
    const { rows } = await database.query(
      'SELECT b::TEXT || e::TEXT AS all FROM build b, build_event e UNION ALL SELECT audit_event::TEXT FROM audit_event',
    )
    const all = JSON.stringify(rows)
    expect(all).toContain('***')
    expect(all).not.toContain(value)
  })
})

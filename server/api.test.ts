import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../testing/client.js'
import type { Instance } from '../testing/instance.js'
import { sharedInstance } from '../testing/shared-instance.js'

const small = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('the API', () => {
  let instance: Instance
  let operator: TestClient
  let key: TestClient
  let ann: TestClient
  let ben: TestClient

  beforeAll(async () => {
    instance = await sharedInstance()
    const { url, admin } = instance
    operator = await TestClient.signIn(url, admin.email, admin.password)
    key = TestClient.withKey(url, admin.apiKey)
    ann = await TestClient.signUp(url, 'ann@example.org')
    ben = await TestClient.signUp(url, 'ben@example.org')
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  const create = async (who: TestClient, body: object = { limits: small }) => {
    const answer = await who.call('POST', '/api/v1/sandboxes', body)
    expect(answer).toMatchObject({ status: 201 })
    return answer.body
  }
  const tenantOf = async (who: TestClient) => (await who.call('GET', '/api/v1/me')).body.tenant.id

  describe('for a sandbox', () => {
    it('creates one that runs, and lists, reads, changes and deletes it', async () => {
      const box = await create(ann, { name: 'My Box', limits: small, metadata: { lesson: '1' } })
      expect(box).toMatchObject({
        name: 'My Box',
        state: 'running',
        limits: small,
        createdBy: 'ann@example.org',
      })
      const path = `/api/v1/sandboxes/${box.id}`
      expect((await ann.call('GET', '/api/v1/sandboxes')).body.items).toMatchObject([{ id: box.id }])
      expect((await ann.call('GET', path)).body.usage.pids).toBeGreaterThan(0)
      const changed = await ann.call('PATCH', path, { name: 'Other', limits: { memoryMiB: 96 } })
      expect(changed.body).toMatchObject({ name: 'Other', limits: { ...small, memoryMiB: 96 } })
      expect((await ann.call('DELETE', path)).status).toBe(204)
      expect((await ann.call('GET', path)).status).toBe(404)
      expect((await ann.call('GET', '/api/v1/sandboxes')).body.items).toEqual([])
    })

    it('runs commands, in one answer or as events', async () => {
      const { id } = await create(ann, { name: 'My Box', limits: small })
      const run = (body: object, headers = {}) =>
        ann.call('POST', `/api/v1/sandboxes/${id}/exec`, body, headers)
      const answer = await run({ command: 'hostname; echo $((6*7)); echo oh >&2; exit 3' })
      expect(answer.body).toMatchObject({
        stdout: 'my-box\n42\n',
        stderr: 'oh\n',
        exitCode: 3,
        timedOut: false,
      })
      const events = await run({ command: ['echo', 'a b'] }, { accept: 'text/event-stream' })
      expect(events.body).toMatch(
        /^:\n\nevent: stdout\ndata: {"text":"a b\\n"}\n\nevent: exit\ndata: {"exitCode":0/,
      )
      const bytes = { command: 'cat', stdin: '/wAK', encoding: 'base64' }
      expect((await run(bytes)).body).toMatchObject({ stdout: '/wAK', exitCode: 0 })
      expect((await run(bytes, { accept: 'text/event-stream' })).body).toContain('data: {"text":"/wAK"}')
      expect((await run({ command: 'sleep 60', timeoutMs: 50 })).body).toMatchObject({ timedOut: true })
      const long = await run({ command: 'head -c 9000000 /dev/zero | tr "\\0" x' })
      expect(long.body).toMatchObject({ truncated: true, exitCode: 0 })
      expect(long.body.stdout).toHaveLength(8 * 1024 * 1024)
      await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
    })

    it('pauses, resumes, stops and starts it', async () => {
      const { id } = await create(ann)
      const act = async (action: string) =>
        (await ann.call('POST', `/api/v1/sandboxes/${id}/${action}`, {})).body.state
      expect(await act('pause')).toBe('paused')
      expect(
        (await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: 'true' })).body,
      ).toMatchObject({
        code: 'sandbox_not_running',
        status: 409,
      })
      expect(await act('resume')).toBe('running')
      expect(await act('stop')).toBe('stopped')
      expect((await ann.call('GET', '/api/v1/quota')).body.used).toMatchObject({ sandboxes: 1, memoryMiB: 0 })
      expect(await act('start')).toBe('running')
      await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
    })

    it('keeps files apart whose names are not UTF-8, and takes their paths everywhere', async () => {
      const { id } = await create(ann)
      const at = `/api/v1/sandboxes/${id}`
      const files = (path: string, action = 'files') => `${at}/${action}?path=${encodeURIComponent(path)}`
      const bytes = { 'content-type': 'application/octet-stream' }
      for (const [name, content] of [
        ['file:odd/caf%E9', 'e9'],
        ['file:///home/user/odd/caf%E8', 'e8'],
        ['odd/café', 'utf8'],
        ['odd/caf%E9', 'percent'],
        ['./file:x', 'scheme'],
      ] as const) {
        expect((await ann.call('PUT', files(name), content, bytes)).status).toBe(201)
      }
      const { entries } = (await ann.call('GET', files('odd', 'tree'))).body
      expect(entries.map(({ path, name }: { path: string; name: string }) => [path, name])).toEqual([
        ['odd/caf%E9', 'caf%E9'],
        ['odd/café', 'café'],
        ['file:odd/caf%E8', 'file:caf%E8'],
        ['file:odd/caf%E9', 'file:caf%E9'],
      ])
      const contents: string[] = []
      for (const { path } of entries) contents.push((await ann.call('GET', files(path))).body)
      expect(contents).toEqual(['percent', 'utf8', 'e8', 'e9'])
      expect((await ann.call('GET', files('file:file:x'))).body).toBe('scheme')
      const moved = await ann.call('POST', `${at}/files/move`, {
        from: 'file:odd/caf%E9',
        to: 'file:odd/%FF',
      })
      expect(moved.body).toMatchObject({ path: 'file:odd/%FF', name: 'file:%FF', sizeBytes: 2 })
      const link = {
        command: ['sh', '-c', String.raw`ln -s "$(printf '\377')" odd/link`],
        cwd: 'file:///home/user',
      }
      expect((await ann.call('POST', `${at}/exec`, link)).body.exitCode).toBe(0)
      expect((await ann.call('GET', files('odd/link', 'files/stat'))).body.target).toBe('file:%FF')
      expect((await ann.call('GET', files('odd/link'))).body).toBe('e9')
      expect((await ann.call('DELETE', files('file:odd/%FF'))).status).toBe(204)
      expect((await ann.call('GET', files('file:odd/%FF', 'files/stat'))).status).toBe(404)
      for (const wrong of ['file:%zz', 'file://elsewhere/x', 'file:%00']) {
        expect((await ann.call('GET', files(wrong, 'files/stat'))).status, wrong).toBe(400)
      }
      expect((await ann.call('GET', `${at}/files?path=odd/caf%E9`)).status).toBe(400)
      expect((await ann.call('POST', `${at}/exec`, { command: 'true', cwd: 'file:%FF' })).status).toBe(400)
    })

    it('says what is wrong with an archive, and names the entry', async () => {
      const { id } = await create(ann)
      const put = (content: Uint8Array<ArrayBuffer>) =>
        ann.call('PUT', `/api/v1/sandboxes/${id}/archive?path=up`, content, {
          'content-type': 'application/x-tar',
        })
      const tar = (script: string) =>
        new Uint8Array(
          execFileSync('bash', ['-ec', `cd "$(mktemp -d)"; trap 'rm -r "$PWD"' EXIT; ${script}`]),
        )
      const zipped = tar('echo x > f; tar -czf - f')
      for (const content of [zipped, zipped.subarray(0, 40)]) {
        expect(await put(content)).toMatchObject({
          status: 400,
          body: { detail: expect.stringContaining('compressed with gzip') },
        })
      }
      expect(await put(tar('mknod null c 1 3; tar -cf - null'))).toMatchObject({
        status: 400,
        body: { detail: expect.stringContaining('"null" is a character device') },
      })
      expect((await put(tar('echo x > f; tar -cf - f'))).status).toBe(204)
      const read = `/api/v1/sandboxes/${id}/files?path=up/f`
      // One that breaks off in the middle of a file leaves the file that was there.
      const cut = tar('seq 10000 > f; tar -cf - f').subarray(0, 9000)
      expect(await put(cut)).toMatchObject({
        status: 400,
        body: { detail: expect.stringContaining('middle of a file') },
      })
      expect((await ann.call('GET', read)).body).toBe('x\n')
      const names = (await ann.call('GET', `/api/v1/sandboxes/${id}/tree?path=up`)).body.entries
      expect(names.map(({ name }: { name: string }) => name)).toEqual(['f'])
    })

    it('reads and writes its files, and hands none of them to a browser as a page', async () => {
      const { id } = await create(ann)
      const at = (action: string, path: string) =>
        `/api/v1/sandboxes/${id}/${action}?path=${encodeURIComponent(path)}`
      const html = '<script>alert(1)</script>'
      const put = await ann.call('PUT', `${at('files', 'a/b.html')}&mode=755`, html, {
        'content-type': 'text/html',
      })
      expect(put).toMatchObject({
        status: 201,
        body: { path: 'a/b.html', mode: '755', uid: 1000 },
      })
      const got = await ann.call('GET', at('files', 'a/b.html'))
      expect(got.body).toBe(html)
      expect(got.headers.get('content-type')).toBe('application/octet-stream')
      expect(got.headers.get('content-security-policy')).toContain('sandbox')
      const tree = await ann.call('GET', at('tree', '/home/user/a'))
      expect(tree.body.entries).toMatchObject([{ name: 'b.html', type: 'file', sizeBytes: html.length }])
      const move = { from: 'a/b.html', to: '/tmp/c' }
      expect((await ann.call('POST', `/api/v1/sandboxes/${id}/files/move`, move)).body.path).toBe('/tmp/c')
      const up = await ann.call('GET', at('files', '../../../../etc/hostname'))
      expect(up.body, 'the root above is its own').toBe('sandbox\n')
      expect((await ann.call('DELETE', at('files', '/tmp/c'))).status).toBe(204)
      expect((await ben.call('GET', at('files', '/etc/passwd'))).status).toBe(404)
      await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
    })

    it('gives the same one for the same Idempotency-Key, and refuses the key for another request', async () => {
      const headers = { 'idempotency-key': 'lesson-7' }
      const body = { limits: small }
      const [one, two] = [
        await ann.call('POST', '/api/v1/sandboxes', body, headers),
        await ann.call('POST', '/api/v1/sandboxes', body, headers),
      ]
      expect(two.body.id).toBe(one.body.id)
      const other = await ann.call('POST', '/api/v1/sandboxes', { limits: small, name: 'x' }, headers)
      expect(other.body).toMatchObject({ status: 400, code: 'invalid_request' })
      await ann.call('DELETE', `/api/v1/sandboxes/${one.body.id}`)
    })

    it('deletes one whose time is over, and lets its processes end before', async () => {
      const { id } = await create(ann, { limits: small, ttlSeconds: 10 })
      const command = `trap 'sleep 0.3; echo bye; exit 0' TERM; while :; do sleep 0.05; done`
      const working = ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })
      // A lifetime in the past is the only way to see it end without waiting for it.
      expect(
        (await ann.call('PATCH', `/api/v1/sandboxes/${id}`, { ttlSeconds: null })).body.expiresAt,
      ).toBeNull()
      const again = await ann.call('PATCH', `/api/v1/sandboxes/${id}`, { ttlSeconds: 10 })
      expect(Date.parse(again.body.expiresAt) - Date.parse(again.body.createdAt)).toBe(10_000)
      await expect
        .poll(async () => (await ann.call('GET', `/api/v1/sandboxes/${id}`)).status, { timeout: 20_000 })
        .toBe(404)
      expect((await working).body).toMatchObject({ stdout: 'bye\n', exitCode: 0 })
    })
  })

  describe('at a quota', () => {
    const setQuota = async (quota: object) =>
      key.call('PATCH', `/api/v1/admin/tenants/${await tenantOf(ben)}`, { quota })

    it('gives the last place to one of two requests at the same instant', async () => {
      await setQuota({ sandboxes: 1 })
      const both = await Promise.all(
        [1, 2].map(() => ben.call('POST', '/api/v1/sandboxes', { limits: small })),
      )
      expect(both.map((one) => one.status).toSorted()).toEqual([201, 422])
      expect(both.find((one) => one.status === 422)?.body).toMatchObject({ code: 'quota_exceeded' })
      const { id } = both.find((one) => one.status === 201)?.body ?? {}
      expect((await ben.call('DELETE', `/api/v1/sandboxes/${id}`)).status).toBe(204)
    })

    it('says what is short, and changes nothing', async () => {
      await setQuota({ sandboxes: 3, memoryMiB: 100 })
      const { id } = await create(ben)
      const refused = await ben.call('POST', '/api/v1/sandboxes', { limits: small })
      expect(refused.body.detail).toMatch(/36 of memoryMiB left and this requests 64/)
      const grown = await ben.call('PATCH', `/api/v1/sandboxes/${id}`, { limits: { memoryMiB: 101 } })
      expect(grown.status).toBe(422)
      expect((await ben.call('GET', `/api/v1/sandboxes/${id}`)).body.limits.memoryMiB).toBe(64)
      const lowered = await setQuota({ memoryMiB: 32 })
      expect(lowered.body).toMatchObject({
        status: 409,
        detail: expect.stringContaining('the quota was not changed'),
      })
      await ben.call('DELETE', `/api/v1/sandboxes/${id}`)
    })

    it('lets a stopped sandbox start only when there is room again', async () => {
      await setQuota({ sandboxes: 3, memoryMiB: 100 })
      const first = await create(ben)
      await ben.call('POST', `/api/v1/sandboxes/${first.id}/stop`, {})
      const second = await create(ben)
      expect((await ben.call('POST', `/api/v1/sandboxes/${first.id}/start`, {})).body.code).toBe(
        'quota_exceeded',
      )
      expect((await ben.call('GET', `/api/v1/sandboxes/${first.id}`)).body.state).toBe('stopped')
      for (const { id } of [first, second]) await ben.call('DELETE', `/api/v1/sandboxes/${id}`)
    })

    it('takes away what was made while the database was asked, when that refuses', async () => {
      await setQuota({ sandboxes: 9, memoryMiB: 150 })
      const first = await create(ben)
      await ben.call('POST', `/api/v1/sandboxes/${first.id}/stop`, {})
      const second = await create(ben)
      // Now it holds more than when it was last seen.
      await ben.call('POST', `/api/v1/sandboxes/${first.id}/start`, {})
      const statuses = async () => (await operator.call('GET', '/api/v1/admin/node')).body.sandboxes
      const before = await statuses()
      const refused = await ben.call('POST', '/api/v1/sandboxes', { limits: small })
      expect(refused.body.detail).toMatch(/22 of memoryMiB left and this requests 64/)
      expect(await statuses()).toBe(before)
      expect((await ben.call('GET', '/api/v1/sandboxes')).body.items).toHaveLength(2)
      for (const { id } of [first, second]) await ben.call('DELETE', `/api/v1/sandboxes/${id}`)
      // It is seen anew, and made ahead again.
      expect((await ben.call('DELETE', `/api/v1/sandboxes/${(await create(ben)).id}`)).status).toBe(204)
    })

    it('freezes a whole tenant in one call, and refuses it more until it is thawed', async () => {
      await setQuota({ sandboxes: 3, memoryMiB: 1000 })
      const { id } = await create(ben)
      const tenant = `/api/v1/admin/tenants/${await tenantOf(ben)}`
      expect((await key.call('POST', `${tenant}/pause`, {})).body.paused).toBe(true)
      expect((await ben.call('GET', `/api/v1/sandboxes/${id}`)).body.state).toBe('paused')
      expect((await ben.call('POST', '/api/v1/sandboxes', { limits: small })).body.code).toBe('conflict')
      expect((await key.call('POST', `${tenant}/resume`, {})).body.paused).toBe(false)
      expect((await ben.call('GET', `/api/v1/sandboxes/${id}`)).body.state).toBe('running')
      await ben.call('DELETE', `/api/v1/sandboxes/${id}`)
    })
  })

  describe('for people', () => {
    it('says who is who', async () => {
      expect((await ann.call('GET', '/api/v1/me')).body).toMatchObject({
        user: { email: 'ann@example.org', operator: false },
        tenant: { name: "ann's tenant", role: 'owner' },
      })
      expect((await operator.call('GET', '/api/v1/me')).body.user.operator).toBe(true)
      expect((await ann.call('GET', '/api/v1/admin/node')).body.code).toBe('forbidden')
      expect((await operator.call('GET', '/api/v1/admin/node')).body.pools).toContainEqual(
        expect.objectContaining({ template: 'base' }),
      )
    })

    it('lets the invited in by their link and address, with their role, and out again', async () => {
      const invited = await ann.call('POST', '/api/v1/invitations', { email: 'Cem@example.org' })
      const secret = new URL(invited.body.url).hash.slice(1)
      const accept = (who: TestClient, text = secret) =>
        who.call('POST', '/api/v1/invitations/accept', { secret: text })
      expect((await accept(ben)).body.code).toBe('forbidden')
      const cem = await TestClient.signUp(instance.url, 'cem@example.org')
      expect((await accept(cem, 'x'.repeat(43))).status).toBe(404)
      const joined = await accept(cem)
      expect(joined.body.tenant).toMatchObject({ id: await tenantOf(ann), role: 'member' })
      expect((await accept(cem)).status).toBe(404)
      expect((await cem.call('POST', '/api/v1/keys', { name: 'k' })).body.code).toBe('forbidden')
      expect((await cem.call('POST', '/api/v1/invitations', { email: 'd@example.org' })).status).toBe(403)
      const { members } = (await ann.call('GET', '/api/v1/members')).body
      const [owner, member] = members
      expect(members).toMatchObject([{ role: 'owner' }, { email: 'cem@example.org', role: 'member' }])
      const demoted = await ann.call('PATCH', `/api/v1/members/${owner.userId}`, { role: 'member' })
      expect(demoted.body.detail).toContain('needs at least one owner')
      expect((await cem.call('DELETE', `/api/v1/members/${owner.userId}`)).status).toBe(403)
      expect((await ann.call('DELETE', `/api/v1/members/${member.userId}`)).status).toBe(200)
      expect((await cem.call('GET', '/api/v1/me')).body.tenant.name).toBe("cem's tenant")
    })

    it('makes keys that work until they are deleted, and shows each once', async () => {
      const made = (await ann.call('POST', '/api/v1/keys', { name: 'ci', expiresInDays: 1 })).body
      const program = TestClient.withKey(instance.url, made.key)
      expect((await program.call('GET', '/api/v1/me')).body).toMatchObject({
        user: null,
        tenant: { role: 'member' },
      })
      expect(JSON.stringify((await ann.call('GET', '/api/v1/keys')).body)).not.toContain(made.key)
      expect((await program.call('POST', '/api/v1/keys', { name: 'more' })).status).toBe(403)
      expect((await ann.call('DELETE', `/api/v1/keys/${made.id}`)).status).toBe(204)
      expect((await program.call('GET', '/api/v1/me')).body.code).toBe('unauthenticated')
    })

    it('writes down who did what', async () => {
      const { items } = (await ann.call('GET', '/api/v1/audit?limit=200')).body
      const actions = items.map((one: { action: string }) => one.action)
      for (const action of [
        'sandbox.create',
        'sandbox.delete',
        'key.create',
        'key.delete',
        'member.invite',
        'member.remove',
      ]) {
        expect(actions).toContain(action)
      }
      expect(JSON.stringify(items)).not.toMatch(/clk_|password/)
    })

    it('ends a session at sign-out', async () => {
      const eve = await TestClient.signUp(instance.url, 'eve@example.org')
      expect((await eve.call('GET', '/api/v1/me')).status).toBe(200)
      await eve.call('POST', '/api/auth/sign-out', {})
      expect((await eve.call('GET', '/api/v1/me')).status).toBe(401)
    })

    it('answers too many wrong passwords with 429', async () => {
      const wrong = { email: 'ann@example.org', password: 'not the password' }
      const stranger = new TestClient(instance.url, { origin: instance.url })
      const tries = Array.from({ length: 20 }, () => stranger.call('POST', '/api/auth/sign-in/email', wrong))
      const statuses = new Set((await Promise.all(tries)).map(({ status }) => status))
      expect(statuses).toEqual(new Set([401, 429]))
    })
  })

  it('adds up what a tenant used by the hour, the last moments of a deleted sandbox included', async () => {
    const gil = await TestClient.signUp(instance.url, 'gil@example.org')
    const { id } = await create(gil)
    const spin =
      "python3 -c 'import time; e = time.process_time() + 0.3\nwhile time.process_time() < e: pass'"
    await gil.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: spin })
    await gil.call('DELETE', `/api/v1/sandboxes/${id}`)
    const { hours } = (await gil.call('GET', '/api/v1/usage')).body
    const sum = (key: string) =>
      hours.reduce((all: number, hour: Record<string, number>) => all + (hour[key] ?? 0), 0)
    expect(sum('cpuSeconds')).toBeGreaterThan(0.3)
    expect(sum('sandboxSeconds')).toBeGreaterThan(0.3)
    expect(sum('memoryByteSeconds')).toBeGreaterThan(0)
    const csv = await gil.call('GET', '/api/v1/usage.csv')
    expect(csv.body).toMatch(/^hour,sandboxSeconds,cpuSeconds,.*\r\n20\d\d-.*Z,/)
    expect((await gil.call('GET', '/api/v1/usage?from=2000-01-01T00:00:00Z')).body.code).toBe(
      'invalid_request',
    )
    expect((await ben.call('GET', '/api/v1/usage.csv')).body).not.toBe(csv.body)
  })

  it('knows what a sandbox uses for each second when somebody looks for the first time', async () => {
    const hal = await TestClient.signUp(instance.url, 'hal@example.org')
    const { id, usage } = await create(hal)
    expect(usage?.rates ?? null).toBeNull()
    const spin = { command: 'while :; do :; done', timeoutMs: 60_000 }
    const spinning = hal.call('POST', `/api/v1/sandboxes/${id}/exec`, spin)
    // Nobody asks meanwhile: the readings of metering are what they are told against.
    await sleep(22_000)
    const { items } = (await hal.call('GET', '/api/v1/sandboxes')).body
    expect(items[0].usage.rates.cpus).toBeGreaterThan(0.1)
    expect(items[0].usage.rates).toMatchObject({ networkRxBytesPerSecond: expect.any(Number) })
    await hal.call('DELETE', `/api/v1/sandboxes/${id}`)
    await spinning
  })

  it('tells Prometheus and a balancer how it is', async () => {
    expect((await new TestClient(instance.url).call('GET', '/readyz')).body).toMatchObject({
      status: 'ready',
    })
    expect((await key.call('GET', '/metrics')).body).toMatch(/^cloche_pool_ready\{template="base".*\} \d/m)
  })

  it('describes itself in OpenAPI 3.1', async () => {
    const { body } = await key.call('GET', '/api/openapi.json')
    expect(body.openapi).toMatch(/^3\.1/)
    expect(Object.keys(body.paths)).toContain('/api/v1/sandboxes/{id}/exec')
  })

  it('survives its runtime and its database being killed', async () => {
    const { id } = await create(ann)
    const before = await instance.processes()
    for (const name of ['runtime', 'postgres']) process.kill(before.get(name) ?? 0, 'SIGKILL')
    await expect
      .poll(async () => (await new TestClient(instance.url).call('GET', '/readyz')).status, {
        timeout: 30_000,
      })
      .toBe(200)
    const exec = await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: 'echo still here' })
    expect(exec.body.stdout).toBe('still here\n')
    await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  })
})

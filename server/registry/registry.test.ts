import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, NotFound } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { file, image, layout, plainLayer } from '../../testing/images.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const app = image(
  [
    plainLayer([
      file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
      { name: 'bin/sh', flag: '2', target: 'busybox' },
      file('etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
    ]),
    plainLayer([file('pushed', 'by skopeo')]),
  ],
  { Env: ['GREETING=pushed'], Cmd: ['/bin/sh'] },
)

describe('the registry', { timeout: 60_000 }, () => {
  let instance: Instance
  let database: pg.Client
  let work: string
  let owner: TestClient
  let key: string
  let strangerKey: string
  let tenantId: string

  beforeAll(async () => {
    instance = await sharedInstance()
    work = mkdtempSync('/var/tmp/cloche-registry-')
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    key = (await owner.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    tenantId = (await owner.call('GET', '/api/v1/me')).body.tenant.id
    const stranger = await TestClient.signUp(instance.url, 'stranger@example.org')
    strangerKey = (await stranger.call('POST', '/api/v1/keys', { name: 'push' })).body.key
  })
  afterAll(async () => {
    rmSync(work, { recursive: true, force: true })
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const basic = (secret: string) => `Basic ${Buffer.from(`anybody:${secret}`).toString('base64')}`
  const call = async (
    method: string,
    path: string,
    {
      body,
      headers = {},
      as = key,
    }: { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string>; as?: string } = {},
  ) => {
    const url = new URL(path, instance.url)
    const answer = await fetch(url, {
      method,
      headers: { authorization: basic(as), ...headers },
      ...(body === undefined ? {} : { body }),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const codeOf = ({ text }: { text: string }) => JSON.parse(text).errors[0].code
  const push = async (repository: string, bytes: string, as = key) => {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`
    const answer = await call('POST', path, { body: bytes, as })
    expect(answer.status, answer.text).toBe(201)
    return { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length }
  }
  const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8', stdio: 'pipe' })
  const host = () => new URL(instance.url).host
  const onDisk = () => {
    const at = join(instance.home, 'disk', 'content', tenantId)
    return existsSync(at) ? readdirSync(at) : []
  }

  it('lets keys in, and nothing else, and says how', async () => {
    const anonymous = await fetch(new URL('/v2/', instance.url))
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers.get('www-authenticate')).toMatch(/^Basic realm="/)
    expect((await owner.call('GET', '/v2/')).status).toBe(401)
    expect((await call('GET', '/v2/', { as: 'guessed' })).status).toBe(401)
    expect((await call('GET', '/v2/')).status).toBe(200)
  })

  it('takes what skopeo pushes, gives it back, and makes a template of it', async () => {
    writeFileSync(join(work, 'app.tar'), layout([app]))
    const creds = `anybody:${key}`
    const remote = `docker://${host()}/team/app:1.0`
    skopeo(
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      creds,
      `oci-archive:${join(work, 'app.tar')}`,
      remote,
    )
    skopeo('copy', '--src-tls-verify=false', '--src-creds', creds, remote, `dir:${join(work, 'back')}`)
    const head = await call('HEAD', '/v2/team/app/manifests/1.0')
    expect([head.status, head.headers.get('content-type')]).toEqual([200, manifestType])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100)
    const inspected = JSON.parse(skopeo('inspect', '--tls-verify=false', '--creds', creds, remote))
    expect(inspected).toMatchObject({ RepoTags: ['1.0'], Env: ['GREETING=pushed'] })
    const cloche = new Cloche({ url: instance.url, apiKey: key })
    const made = await cloche.createTemplate('pushed', { image: 'team/app:1.0' })
    expect(made.image).toMatchObject({ digest: inspected.Digest, reference: 'team/app:1.0' })
    const sandbox = await cloche.sandboxes.create({ template: 'pushed', limits })
    expect((await sandbox.exec('echo $GREETING $(/bin/busybox cat /pushed)')).stdout).toBe(
      'pushed by skopeo\n',
    )
    await sandbox.delete()
    await expect(cloche.createTemplate('pushed', { image: 'team/app:2.0' })).rejects.toBeInstanceOf(NotFound)
    const other = new Cloche({ url: instance.url, apiKey: strangerKey })
    await expect(other.createTemplate('stolen', { image: 'team/app:1.0' })).rejects.toBeInstanceOf(NotFound)
  })

  it('tells nobody what others have', async () => {
    const blob = await push('secret', 'a secret blob')
    const config = await push('secret', '{}')
    const body = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [blob] })
    const put = { body, headers: { 'content-type': manifestType } }
    expect((await call('PUT', '/v2/secret/manifests/v1', put)).status).toBe(201)
    for (const path of [`blobs/${blob.digest}`, 'manifests/v1', `manifests/${digestOf(body)}`, 'tags/list']) {
      expect((await call('GET', `/v2/secret/${path}`, { as: strangerKey })).status, path).toBe(404)
      expect((await call('DELETE', `/v2/secret/${path}`, { as: strangerKey })).status, path).not.toBe(202)
    }
    const mount = `/v2/mine/blobs/uploads/?mount=${blob.digest}&from=secret`
    // As if it were nowhere: it must be uploaded.
    expect((await call('POST', mount, { as: strangerKey })).status).toBe(202)
    expect((await call('POST', mount)).status).toBe(201)
    expect((await call('GET', `/v2/mine/blobs/${blob.digest}`)).text).toBe('a secret blob')
    await push('mine', 'a secret blob', strangerKey)
    const catalog = JSON.parse((await call('GET', '/v2/_catalog', { as: strangerKey })).text)
    expect(catalog.repositories).toEqual([])
    expect(JSON.parse((await call('GET', '/v2/_catalog?n=1')).text).repositories).toEqual(['secret'])
    const started = await call('POST', '/v2/secret/blobs/uploads/')
    const upload = started.headers.get('location') ?? ''
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      expect((await call(method, upload, { as: strangerKey })).status).toBe(404)
    }
    expect((await call('DELETE', upload)).status).toBe(204)
  })

  it('takes a blob in parts, tells how far it is, and refuses what does not fit', async () => {
    const started = await call('POST', '/v2/parts/blobs/uploads/')
    expect(started.status).toBe(202)
    const at = started.headers.get('location') ?? ''
    const part = (body: string, range: string) =>
      call('PATCH', at, { body, headers: { 'content-range': range } })
    expect((await part('hello ', '0-5')).headers.get('range')).toBe('0-5')
    const wrong = await part('world', '9-13')
    expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-5'])
    const asked = await call('GET', at)
    expect([asked.status, asked.headers.get('range')]).toEqual([204, '0-5'])
    const digest = digestOf('hello world')
    const done = await call('PUT', `${at}?digest=${digest}`, {
      body: 'world',
      headers: { 'content-range': '6-10' },
    })
    expect([done.status, done.headers.get('docker-content-digest')]).toEqual([201, digest])
    const ranged = await call('GET', `/v2/parts/blobs/${digest}`, { headers: { range: 'bytes=6-' } })
    expect([ranged.status, ranged.text, ranged.headers.get('content-range')]).toEqual([
      206,
      'world',
      'bytes 6-10/11',
    ])
    expect(
      (await call('GET', `/v2/parts/blobs/${digest}`, { headers: { range: 'bytes=20-30' } })).status,
    ).toBe(416)
    const lied = await call('POST', `/v2/parts/blobs/uploads/?digest=${digestOf('x')}`, { body: 'y' })
    expect([lied.status, codeOf(lied)]).toEqual([400, 'DIGEST_INVALID'])
    expect((await call('HEAD', `/v2/parts/blobs/${digestOf('x')}`)).status).toBe(404)
    expect((await call('GET', at)).status).toBe(404)
    const names = [
      '/v2/UPPER/tags/list',
      '/v2/a..b/tags/list',
      '/v2/a%2f..%2fb/tags/list',
      '/v2/a/blobs/sha256:..',
    ]
    for (const path of names) expect((await call('GET', path)).status, path).toBe(400)
  })

  it('refuses manifests that are wrong', async () => {
    const [config, layer] = [await push('bad', '{"a":1}'), await push('bad', 'layer')]
    const put = async (content: object | string, type = manifestType) =>
      call('PUT', '/v2/bad/manifests/v1', {
        body: typeof content === 'string' ? content : JSON.stringify(content),
        headers: { 'content-type': type },
      })
    const good = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] }
    expect(codeOf(await put('no json'))).toBe('MANIFEST_INVALID')
    expect(codeOf(await put(good, 'text/html'))).toBe('MANIFEST_INVALID')
    expect(codeOf(await put({ ...good, mediaType: 'application/vnd.oci.image.index.v1+json' }))).toBe(
      'MANIFEST_INVALID',
    )
    expect(codeOf(await put({ ...good, layers: [{ ...layer, size: 4 }] }))).toBe('MANIFEST_INVALID')
    expect(codeOf(await put({ ...good, layers: [{ ...layer, digest: digestOf('?') }] }))).toBe(
      'MANIFEST_BLOB_UNKNOWN',
    )
    expect(codeOf(await put({ ...good, layers: [{ ...layer, digest: 'sha256:../../x' }] }))).toBe(
      'DIGEST_INVALID',
    )
    expect(codeOf(await put({ ...good, layers: Array(100_000).fill(layer) }))).toBe('MANIFEST_INVALID')
    expect(codeOf(await put(`{"schemaVersion":2,"x":"${'x'.repeat(5 * 1024 ** 2)}"}`))).toBe(
      'MANIFEST_INVALID',
    )
    expect((await call('GET', '/v2/bad/manifests/v1')).status).toBe(404)
    expect((await put(good)).status).toBe(201)
  })

  it('lists tags page by page, and what is about a manifest', async () => {
    const config = await push('tags', '{}')
    const manifest = (more: object = {}) =>
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [], ...more })
    const put = (reference: string, body: string) =>
      call('PUT', `/v2/tags/manifests/${reference}`, { body, headers: { 'content-type': manifestType } })
    for (const tag of ['b', 'a', 'C', 'd']) expect((await put(tag, manifest())).status).toBe(201)
    const page = await call('GET', '/v2/tags/tags/list?n=2')
    expect(JSON.parse(page.text)).toEqual({ name: 'tags', tags: ['C', 'a'] })
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
    expect(JSON.parse((await call('GET', next)).text).tags).toEqual(['b', 'd'])
    const subject = { mediaType: manifestType, digest: digestOf(manifest()), size: manifest().length }
    const signed = manifest({ subject, artifactType: 'application/signature', annotations: { by: 'us' } })
    const answered = await put(digestOf(signed), signed)
    expect(answered.headers.get('oci-subject')).toBe(subject.digest)
    const about = async (query: string) => call('GET', `/v2/tags/referrers/${subject.digest}${query}`)
    expect(JSON.parse((await about('')).text).manifests).toMatchObject([
      { digest: digestOf(signed), artifactType: 'application/signature', annotations: { by: 'us' } },
    ])
    const filtered = await about('?artifactType=application/other')
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType')
    expect(JSON.parse(filtered.text).manifests).toEqual([])
    // A tag goes alone, a manifest with its tags.
    expect((await call('DELETE', '/v2/tags/manifests/a')).status).toBe(202)
    expect((await call('GET', '/v2/tags/manifests/a')).status).toBe(404)
    expect((await call('GET', '/v2/tags/manifests/b')).status).toBe(200)
    expect((await call('DELETE', `/v2/tags/manifests/${subject.digest}`)).status).toBe(202)
    expect((await call('GET', '/v2/tags/manifests/b')).status).toBe(404)
    const { body } = await owner.call('GET', '/api/v1/audit?action=image')
    expect(body.items.slice(0, 3)).toMatchObject([
      { action: 'image.delete', detail: { repository: 'tags', reference: subject.digest } },
      { action: 'image.delete', detail: { repository: 'tags', reference: 'a' } },
      { action: 'image.push', detail: { repository: 'tags', digest: digestOf(signed) } },
    ])
  })

  it('counts against the quota of disk, and what is deleted is deleted on the node', async () => {
    const cloche = new Cloche({ url: instance.url, apiKey: key })
    const operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    const { limits: quota } = await cloche.quota()
    const bound = async (diskMiB: number) => {
      const to = { quota: { ...quota, diskMiB } }
      expect((await operator.call('PATCH', `/api/v1/admin/tenants/${tenantId}`, to)).status).toBe(200)
    }
    const before = (await cloche.quota()).used.diskMiB
    const large = await push('large', 'x'.repeat(20 * 1024 ** 2))
    expect((await cloche.quota()).used.diskMiB).toBe(before + 20)
    await bound(before + 24)
    const refused = await call('POST', `/v2/large/blobs/uploads/?digest=${digestOf('y')}`, {
      body: 'y'.repeat(8 * 1024 ** 2),
    })
    expect([refused.status, codeOf(refused)]).toEqual([403, 'DENIED'])
    await bound(quota.diskMiB)
    const name = large.digest.replace(':', '-')
    expect(onDisk()).toContain(name)
    expect((await call('DELETE', `/v2/large/blobs/${large.digest}`)).status).toBe(202)
    expect((await cloche.quota()).used.diskMiB).toBe(before)
    await expect.poll(onDisk, { timeout: 40_000 }).not.toContain(name)
    // In another repository it is still there: nothing of that was deleted.
    const shared = digestOf('a secret blob')
    expect((await call('DELETE', `/v2/mine/blobs/${shared}`)).status).toBe(202)
    const left = async () => (await database.query('SELECT FROM deleted_blob')).rowCount
    await expect.poll(left, { timeout: 40_000 }).toBe(0)
    expect((await call('GET', `/v2/secret/blobs/${shared}`)).text).toBe('a secret blob')
  })
})

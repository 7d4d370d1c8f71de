import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { openDatabase } from '../database/client.js'
import { forgetBlobs } from './reconcile.js'

const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const mib = 1024 ** 2
const ofDigest = 'SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 0))'

describe('a tenant who attacks the registry', { timeout: 60_000 }, () => {
  let instance: Instance
  let database: pg.Client
  /** Has a transaction that calls of the server wait for, so that a test decides what happens first. */
  let blocking: pg.Client
  let operator: TestClient
  let owner: TestClient
  let key: string
  let tenantId: string

  beforeAll(async () => {
    instance = await sharedInstance()
    database = new pg.Client({ connectionString: connectionString() })
    blocking = new pg.Client({ connectionString: connectionString() })
    await Promise.all([database.connect(), blocking.connect()])
    operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    key = (await owner.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    tenantId = (await owner.call('GET', '/api/v1/me')).body.tenant.id
  })
  afterAll(async () => {
    await Promise.all([database.end(), blocking.end()])
    await instance[Symbol.asyncDispose]()
  })

  const connectionString = () =>
    `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`
  const authorization = () => `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}`
  const call = async (
    method: string,
    path: string,
    { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
  ) => {
    const answer = await fetch(new URL(path, instance.url), {
      method,
      headers: { authorization: authorization(), ...headers },
      ...(body === undefined ? {} : { body }),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const codeOf = ({ status, text }: { status: number; text: string }) =>
    text === '' ? status : JSON.parse(text).errors[0].code
  const push = async (repository: string, bytes: string) => {
    const digest = digestOf(bytes)
    const answer = await call('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
    expect(answer.status, answer.text).toBe(201)
    return { mediaType: 'application/octet-stream', digest, size: bytes.length }
  }
  const putManifest = (repository: string, content: object) =>
    call('PUT', `/v2/${repository}/manifests/v1`, {
      body: JSON.stringify({ schemaVersion: 2, mediaType: manifestType, ...content }),
      headers: { 'content-type': manifestType },
    })
  const begin = async (repository: string) => {
    const answer = await call('POST', `/v2/${repository}/blobs/uploads/`)
    expect(answer.status, answer.text).toBe(202)
    return answer.headers.get('location') ?? ''
  }
  /** A `PATCH` that the node is taking in: its first bytes have come there, and it ends when it is told to. */
  const opened = async (at: string, first: string) => {
    const sent = request(new URL(at, instance.url), {
      ...{ method: 'PATCH', headers: { authorization: authorization() } },
    })
    const answered = new Promise<number>((resolve) => {
      sent
        .on('error', () => resolve(0))
        .on('response', (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
        })
    })
    sent.write(first)
    const range = async () => (await call('GET', at)).headers.get('range')
    await expect.poll(range, { timeout: 10_000 }).toBe(`0-${first.length - 1}`)
    return {
      answered,
      end: (rest: string) => {
        sent.end(rest)
        return answered
      },
    }
  }
  const sizeOf = async (repository: string, digest: string) =>
    Number((await call('HEAD', `/v2/${repository}/blobs/${digest}`)).headers.get('content-length'))
  const uploads = async () =>
    (await database.query('SELECT id FROM registry_upload WHERE "tenantId" = $1', [tenantId])).rowCount
  const ingested = (at: string) =>
    readdirSync(join(instance.home, 'disk', 'ingest')).includes(at.split('/').at(-1) ?? '')
  const onDisk = (digest: string) =>
    readdirSync(join(instance.home, 'disk', 'content', tenantId)).includes(digest.replace(':', '-'))
  const waits = async (forWhat: string) => {
    const one = async () =>
      (
        await database.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND pid <> pg_backend_pid()`,
          [`%${forWhat}%`],
        )
      ).rowCount
    await expect.poll(one, { timeout: 20_000 }).toBeGreaterThan(0)
  }

  it('cannot have a blob counted with the size that it had before its last bytes', async () => {
    const [before, after] = ['small', 'x'.repeat(mib)]
    const digest = digestOf(before + after)
    const at = await begin('sizes')
    expect((await call('PATCH', at, { body: before })).status).toBe(202)
    await blocking.query('BEGIN')
    await blocking.query(ofDigest, [tenantId, digest])
    const early = call('PUT', `${at}?digest=${digest}`)
    await waits('hashtextextended')
    expect((await call('PATCH', at, { body: after })).status).toBe(202)
    await blocking.query('COMMIT')
    expect(codeOf(await early)).toBe('TOOMANYREQUESTS')
    expect((await call('PUT', `${at}?digest=${digest}`)).status).toBe(201)
    expect(await sizeOf('sizes', digest)).toBe(before.length + after.length)
  })

  it('keeps no upload that is not counted', async () => {
    const digest = digestOf('first second')
    const at = await begin('uncounted')
    const part = await opened(at, 'first ')
    const early = await call('PUT', `${at}?digest=${digest}`)
    expect([early.status, codeOf(early)]).toEqual([429, 'TOOMANYREQUESTS'])
    expect(await uploads()).toBe(1)
    expect(await part.end('second')).toBe(202)
    expect((await call('PUT', `${at}?digest=${digest}`)).status).toBe(201)
    expect(await uploads()).toBe(0)
    // One whose row is gone goes on the node as well.
    const other = await begin('uncounted')
    const orphan = await opened(other, 'nobody')
    await database.query('DELETE FROM registry_upload WHERE "tenantId" = $1', [tenantId])
    expect(await orphan.end(' counts')).toBe(404)
    expect(ingested(other)).toBe(false)
    // Also while the client takes its time.
    const slow = await begin('uncounted')
    const { answered } = await opened(slow, 'nobody')
    await database.query('DELETE FROM registry_upload WHERE "tenantId" = $1', [tenantId])
    expect(await answered).toBe(404)
    expect(ingested(slow)).toBe(false)
    const wrong = await begin('uncounted')
    expect((await call('PATCH', wrong, { body: 'this' })).status).toBe(202)
    expect(codeOf(await call('PUT', `${wrong}?digest=${digestOf('that')}`))).toBe('DIGEST_INVALID')
    expect([await uploads(), ingested(wrong)]).toEqual([0, false])
  })

  it('does not get past the quota of disk with several uploads at the same time', async () => {
    const { body } = await owner.call('GET', '/api/v1/quota')
    const bound = async (diskMiB: number) => {
      const to = { quota: { ...body.limits, diskMiB } }
      const answer = await operator.call('PATCH', `/api/v1/admin/tenants/${tenantId}`, to)
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    }
    await bound(body.used.diskMiB + 16)
    const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(10 * mib))
    const parts = await Promise.all(
      contents.map(async (content) => {
        const at = await begin('quota')
        return { at, content, ...(await opened(at, content.slice(0, 1000))) }
      }),
    )
    await Promise.all(parts.map((part) => part.end(part.content.slice(1000))))
    const ended: number[] = []
    for (const { at, content } of parts) {
      ended.push((await call('PUT', `${at}?digest=${digestOf(content)}`)).status)
    }
    expect(ended.filter((status) => status === 201)).toHaveLength(1)
    const { used } = (await owner.call('GET', '/api/v1/quota')).body
    expect(used.diskMiB).toBe(body.used.diskMiB + 10)
    expect([await uploads(), ...parts.map(({ at }) => ingested(at))]).toEqual([0, false, false, false])
    await bound(body.limits.diskMiB)
  })

  it('gets no manifest whose blob is removed while it is put', async () => {
    const [config, layer] = [await push('gone', '{}'), await push('gone', 'layer')]
    await blocking.query('BEGIN')
    await blocking.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
    const put = putManifest('gone', { config, layers: [layer] })
    await waits('FOR UPDATE')
    await blocking.query('DELETE FROM registry_blob WHERE repository = $1 AND digest = $2', [
      ...['gone', layer.digest],
    ])
    await blocking.query('COMMIT')
    expect(codeOf(await put)).toBe('MANIFEST_BLOB_UNKNOWN')
  })

  it('has a manifest hold all of its layers, also those with addresses', async () => {
    const [config, layer] = [await push('urls', '{}'), await push('urls', 'foreign')]
    const elsewhere = { ...layer, urls: ['https://example.org/layer'] }
    const nowhere = { ...layer, digest: digestOf('never pushed'), urls: ['https://example.org/other'] }
    const layers = [elsewhere, nowhere]
    expect((await putManifest('urls', { config, layers })).status).toBe(201)
    const alone = await push('urls', 'named by nothing')
    await database.query(
      `UPDATE registry_blob SET "createdAt" = "createdAt" - interval '2 days' WHERE repository = 'urls'`,
    )
    const { rows } = await database.query(`SELECT DISTINCT "nodeId" AS id FROM registry_blob`)
    await using whole = openDatabase(connectionString())
    await forgetBlobs(whole, { id: rows[0]?.id })
    expect(await sizeOf('urls', layer.digest)).toBe(layer.size)
    expect((await call('HEAD', `/v2/urls/blobs/${alone.digest}`)).status).toBe(404)
    const refs = async () =>
      (await database.query('SELECT refs FROM registry_manifest WHERE repository = $1', ['urls'])).rows
    const all = [config, ...layers].map(({ digest }) => digest)
    expect(await refs()).toEqual([{ refs: all }])
    // What an earlier version has written is mended by putting it once more.
    await database.query('UPDATE registry_manifest SET refs = $2 WHERE repository = $1', ['urls', []])
    expect((await putManifest('urls', { config, layers })).status).toBe(201)
    expect(await refs()).toEqual([{ refs: all }])
    const without = { ...nowhere, urls: [] }
    expect(codeOf(await putManifest('urls', { config, layers: [without] }))).toBe('MANIFEST_BLOB_UNKNOWN')
  })

  it('gets what is about a manifest page by page, without large annotations', async () => {
    const subject = digestOf('what they are about')
    await database.query(
      `INSERT INTO registry_manifest ("tenantId", repository, digest, "mediaType", content, refs, subject, "artifactType", annotations)
       SELECT $1, 'about', 'sha256:' || lpad(to_hex(i), 64, '0'), $2, decode('7b7d', 'hex'), '{}', $3, 'application/signature',
         jsonb_build_object('by', repeat('x', CASE WHEN i = 1 THEN 20000 ELSE 1 END)) FROM generate_series(1, 150) AS i`,
      [tenantId, manifestType, subject],
    )
    const first = await call('GET', `/v2/about/referrers/${subject}?artifactType=application/signature`)
    const { manifests } = JSON.parse(first.text)
    expect(manifests).toHaveLength(100)
    expect(manifests[0]).not.toHaveProperty('annotations')
    expect(manifests[1]).toMatchObject({ size: 2, annotations: { by: 'x' } })
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const second = await call('GET', next)
    expect(JSON.parse(second.text).manifests).toHaveLength(50)
    expect([second.headers.get('link'), second.headers.get('oci-filters-applied')]).toEqual([
      null,
      'artifactType',
    ])
  })

  it('has no template made of manifests that are too large together', async () => {
    const layer = await push('heavy', 'a layer')
    await database.query(
      `INSERT INTO registry_manifest ("tenantId", repository, digest, "mediaType", content, refs)
       SELECT $1, 'heavy', 'sha256:' || lpad(to_hex(i), 64, '0'), $2, convert_to(repeat(' ', 4000000), 'UTF8'), '{}'
       FROM generate_series(1, 4) AS i`,
      [tenantId, manifestType],
    )
    const { rows } = await database.query(`SELECT digest FROM registry_manifest WHERE repository = 'heavy'`)
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    const manifests = rows.map(({ digest }) => ({ mediaType: manifestType, digest, size: 4_000_000 }))
    const put = await call('PUT', '/v2/heavy/manifests/v1', {
      body: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
      headers: { 'content-type': mediaType },
    })
    expect([put.status, layer.size]).toEqual([201, 7])
    const made = await owner.call('POST', '/api/v1/templates', { name: 'heavy', from: { image: 'heavy:v1' } })
    expect([made.status, made.body.detail]).toEqual([400, expect.stringContaining('more than 12 MiB')])
  })

  it('has no blob that is deleted while it is pushed', async () => {
    // As a `DELETE` that comes between the two statements of a push.
    await database.query(`
      CREATE FUNCTION delete_at_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM registry_blob WHERE repository = 'raced'; RETURN NULL; END $$;
      CREATE TRIGGER delete_at_once AFTER INSERT ON registry_blob FOR EACH ROW
        WHEN (NEW.repository = 'raced' AND NOT NEW.ready) EXECUTE FUNCTION delete_at_once()`)
    const digest = digestOf('raced')
    const raced = await call('POST', `/v2/raced/blobs/uploads/?digest=${digest}`, { body: 'raced' })
    await database.query('DROP TRIGGER delete_at_once ON registry_blob; DROP FUNCTION delete_at_once')
    expect([raced.status, codeOf(raced)]).toEqual([503, 'UNAVAILABLE'])
    expect((await call('HEAD', `/v2/raced/blobs/${digest}`)).status).toBe(404)
    await expect.poll(() => onDisk(digest), { timeout: 20_000 }).toBe(false)
    await push('raced', 'raced')
    expect((await call('GET', `/v2/raced/blobs/${digest}`)).text).toBe('raced')
  })

  it('leaves no file when the last row goes while the chore looks', async () => {
    const { digest } = await push('last', 'the last row')
    await blocking.query('SELECT pg_advisory_lock(hashtextextended($1 || $2, 0))', [tenantId, digest])
    await database.query(
      `INSERT INTO deleted_blob SELECT "tenantId", digest, "nodeId" FROM registry_blob WHERE repository = 'last'`,
    )
    await blocking.query('BEGIN')
    await blocking.query(`DELETE FROM registry_blob WHERE repository = 'last'`)
    await blocking.query('SELECT pg_advisory_unlock(hashtextextended($1 || $2, 0))', [tenantId, digest])
    await waits('FOR KEY SHARE')
    await blocking.query('COMMIT')
    await expect.poll(() => onDisk(digest), { timeout: 20_000 }).toBe(false)
  })

  it('gets clear errors for NUL, which the database does not store', async () => {
    const config = await push('nul', '{}')
    for (const path of ['nul/tags/list?last=%00', `nul/referrers/${config.digest}?artifactType=%00`]) {
      expect((await call('GET', `/v2/${path}`)).status, path).toBe(400)
    }
    const put = await putManifest('nul', { config, layers: [], annotations: { by: '\0' } })
    expect([put.status, codeOf(put)]).toEqual([400, 'MANIFEST_INVALID'])
  })

  it('cannot mount a blob with the size of a failed upload', async () => {
    const layer = await push('whole', 'ten bytes.')
    const lied = await call('POST', `/v2/part/blobs/uploads/?digest=${layer.digest}`, { body: 'ten' })
    expect(codeOf(lied)).toBe('DIGEST_INVALID')
    // As if the server had ended before it heard that.
    await database.query(
      `INSERT INTO registry_blob ("tenantId", repository, digest, "nodeId", "sizeBytes", "createdAt")
       SELECT "tenantId", 'part', digest, "nodeId", 3, "createdAt" - interval '2 days' FROM registry_blob
       WHERE repository = 'whole' ON CONFLICT DO NOTHING`,
    )
    const mount = `/v2/part/blobs/uploads/?mount=${layer.digest}&from=whole`
    expect((await call('POST', mount)).status).toBe(201)
    expect(await sizeOf('part', layer.digest)).toBe(layer.size)
  })
})

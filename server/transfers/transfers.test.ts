import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, type TransferEvent } from '../../sdk/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import {
  architecture,
  file,
  image,
  indexType,
  layout,
  manifestType,
  plainLayer,
} from '../../testing/images.js'
import { freePort, type Instance, openInstance } from '../../testing/instance.js'

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const app = image(
  [
    plainLayer([
      file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
      { name: 'bin/sh', flag: '2', target: 'busybox' },
      file('etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
    ]),
    plainLayer([file('pushed', 'from elsewhere')]),
  ],
  { Cmd: ['/bin/sh'] },
)

/** What nobody has pulled before. */
const tokens = image([plainLayer([file('token', 'one')])], { Cmd: ['/bin/sh', '-c', 'token'] })
const lying = image([plainLayer([file('one', '1')]), plainLayer([file('two', 'of a liar')])], {
  Cmd: ['/bin/sh'],
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

describe('images of other registries', { timeout: 120_000 }, () => {
  let instance: Instance
  let database: pg.Client
  let cloche: Cloche
  let stranger: Cloche
  let key: string
  let work: string
  /** A registry that does what a test says. */
  let hostile: Server
  let answer: Answer
  const asked: { url: string; range: string | undefined; authorization: string | undefined }[] = []
  let peer: { host: string; end: () => Promise<unknown> } | undefined
  let port: number
  let settings: Record<string, string>

  const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8', stdio: 'pipe' })
  const host = () => `127.0.0.1:${port}`
  /** The same, under another name. */
  const elsewhere = () => `127.0.0.2:${port}`
  const finish = async (started: { id: string }) => {
    const events: TransferEvent[] = []
    for await (const event of cloche.images.events(started.id)) events.push(event)
    return { ended: await cloche.images.transfer(started.id), events }
  }
  const pulled = async (from: string, more: { image?: string; template?: string } = {}) =>
    finish(await cloche.images.pull(from, more))
  const tags = async (repository: string) => {
    const headers = { authorization: `Bearer ${key}` }
    return (await fetch(new URL(`/v2/${repository}/tags/list`, instance.url), { headers })).status
  }
  const ingest = () => readdirSync(join(instance.home, 'disk/ingest'))

  beforeAll(async () => {
    port = await freePort()
    const peerPort = await freePort()
    settings = {
      CLOCHE_REGISTRY_ALLOW: '127.0.0.0/29',
      CLOCHE_REGISTRY_HTTP: `127.0.0.1:${port},127.0.0.2:${port},127.0.0.1:${peerPort},169.254.169.254`,
    }
    instance = await openInstance('tran', settings)
    work = mkdtempSync('/var/tmp/cloche-transfers-')
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
    const owner = await TestClient.signUp(instance.url, 'owner@example.org')
    key = (await owner.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    cloche = new Cloche({ url: instance.url, apiKey: key })
    const other = await TestClient.signUp(instance.url, 'stranger@example.org')
    const otherKey = (await other.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    stranger = new Cloche({ url: instance.url, apiKey: otherKey })
    hostile = createServer((request, response) => {
      const { range, authorization } = request.headers
      asked.push({ url: request.url ?? '', range, authorization })
      answer(request, response)
    })
    await new Promise<void>((resolve) => hostile.listen(port, '0.0.0.0', resolve))
    peer = await openPeer(peerPort, work)
    writeFileSync(join(work, 'app.tar'), layout([app]))
    const to = `docker://${peer.host}/team/app:1.0`
    const from = `oci-archive:${join(work, 'app.tar')}`
    const flags = ['--preserve-digests', '--dest-tls-verify=false', '--dest-creds', 'ci:secret-of-ci']
    skopeo('copy', ...flags, from, to)
  }, 300_000)
  afterAll(async () => {
    await peer?.end()
    hostile.closeAllConnections()
    hostile.close()
    rmSync(work, { recursive: true, force: true })
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  /** Serves an image as a registry does, but for what a test does otherwise. */
  const serving =
    (
      built: typeof app,
      otherwise: (path: string, request: IncomingMessage, response: ServerResponse) => boolean,
    ): Answer =>
    (request, response) => {
      const path = request.url ?? ''
      if (otherwise(path, request, response)) return
      const digest = path.split('/').at(-1) ?? ''
      const manifest = built.blobs.get(String(built.manifest.digest))
      const content = path.includes('/manifests/')
        ? (built.blobs.get(digest) ?? manifest)
        : built.blobs.get(digest)
      if (content === undefined) return void response.writeHead(404).end()
      const [, first] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
      const part = content.subarray(Number(first ?? 0))
      response.writeHead(first === undefined ? 200 : 206, {
        'content-type': path.includes('/manifests/') ? manifestType : 'application/octet-stream',
        'content-length': part.length,
        ...(first === undefined
          ? {}
          : { 'content-range': `bytes ${first}-${content.length - 1}/${content.length}` }),
      })
      response.end(part)
    }
  const layerOf = (built: typeof app, at: number) => built.layers[at]?.blob ?? Buffer.alloc(0)

  it('are pulled from Debian’s registry with stored credentials, and become a template', async () => {
    const from = `${peer?.host}/team/app:1.0`
    const refused = await pulled(from)
    expect(refused.ended).toMatchObject({ status: 'failed', digest: null })
    expect(refused.ended.error).toMatch(/wants credentials, and no credentials are stored/)
    const stored = await cloche.registries.set(peer?.host ?? '', { username: 'ci', password: 'secret-of-ci' })
    expect(stored).toEqual({
      host: peer?.host,
      username: 'ci',
      createdBy: expect.anything(),
      createdAt: expect.anything(),
    })
    expect(JSON.stringify(await cloche.registries.list())).not.toContain('secret-of-ci')
    const { rows } = await database.query('SELECT password FROM registry_credential')
    expect(rows[0].password.toString('latin1')).not.toContain('secret-of-ci')
    expect(await stranger.registries.list()).toEqual([])
    const { ended, events } = await pulled(from, { image: 'mine/app:2', template: 'pulled' })
    expect(ended).toMatchObject({ status: 'succeeded', image: 'mine/app:2', digest: app.manifest.digest })
    expect(events[0]).toMatchObject({ type: 'manifest', layers: 2, number: 1 })
    const done = events.flatMap((event) =>
      event.type === 'blob' && event.state === 'done' ? [event.digest] : [],
    )
    expect(done).toHaveLength(3)
    expect(events.at(-1)).toMatchObject({ type: 'end', status: 'succeeded' })
    await using sandbox = await cloche.sandboxes.create({
      template: 'pulled',
      limits: { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 },
    })
    expect((await sandbox.exec(['/bin/busybox', 'cat', '/pushed'])).stdout).toBe('from elsewhere')
    const again = await pulled(`${peer?.host}/team/app@${app.manifest.digest}`)
    expect(again.ended).toMatchObject({ status: 'succeeded', image: `team/app@${app.manifest.digest}` })
    expect(again.events.flatMap((event) => (event.type === 'blob' ? [event.state] : []))).toEqual([
      'known',
      'known',
      'known',
    ])
    await expect(stranger.images.transfer(ended.id)).rejects.toMatchObject({ status: 404 })
  })

  it('are pushed there, and what is there is not sent again', async () => {
    const to = `${peer?.host}/elsewhere/app:3`
    const { ended, events } = await finish(await cloche.images.push('mine/app:2', to))
    expect(ended).toMatchObject({ status: 'succeeded', direction: 'push' })
    expect(events.filter((event) => event.type === 'blob' && event.state === 'done')).toHaveLength(3)
    const inspected = JSON.parse(
      skopeo('inspect', '--tls-verify=false', '--creds', 'ci:secret-of-ci', `docker://${to}`),
    )
    expect(inspected.Digest).toBe(app.manifest.digest)
    const again = await finish(await cloche.images.push('mine/app:2', to))
    expect(again.events.flatMap((event) => (event.type === 'blob' ? [event.state] : []))).toEqual([
      'known',
      'known',
      'known',
    ])
    await expect(cloche.images.push('nothing:1', to)).rejects.toMatchObject({ status: 404 })
  })

  it.each([
    ['go on where a connection broke', true],
    ['begin anew where a registry does not say how far they are', false],
  ])('that are pushed %s', async (_, says) => {
    const big = image([plainLayer([file('big', Buffer.alloc(3_000_000, says ? 'p' : 'q'))])])
    const blob = layerOf(big, 0)
    const archive = join(work, 'big.tar')
    writeFileSync(archive, layout([big]))
    const to = `docker://${new URL(instance.url).host}/big:1`
    const flags = ['--preserve-digests', '--dest-tls-verify=false', '--dest-creds', `x:${key}`]
    skopeo('copy', ...flags, `oci-archive:${archive}`, to)
    const came = new Map<string, Buffer>()
    const ranges: string[] = []
    let uploads = 0
    let broken = false
    answer = (request, response) => {
      const url = new URL(request.url ?? '', 'http://registry')
      const digest = url.searchParams.get('digest')
      if (request.method === 'POST') {
        const location = `/v2/there/blobs/uploads/${++uploads}`
        return void response.writeHead(202, { location }).end()
      }
      if (request.method === 'HEAD') return void response.writeHead(404).end()
      const had = came.get(url.pathname) ?? Buffer.alloc(0)
      if (request.method === 'GET') {
        if (!says) return void response.writeHead(404).end()
        return void response.writeHead(204, { range: `0-${had.length - 1}`, location: url.pathname }).end()
      }
      const parts: Buffer[] = [had]
      if (request.headers['content-range'] !== undefined) ranges.push(request.headers['content-range'])
      const isFirst = digest === sha256(blob) && !broken
      let bytes = 0
      request.on('data', (part: Buffer) => {
        parts.push(part)
        bytes += part.length
        if (!isFirst || bytes < 1_000_000 || request.destroyed) return
        broken = true
        came.set(url.pathname, Buffer.concat(parts))
        request.destroy()
      })
      request.on('end', () => {
        const all = Buffer.concat(parts)
        if (digest !== null && digest !== sha256(all) && !url.pathname.includes('manifests'))
          return void response.writeHead(400).end()
        came.set(url.pathname, all)
        response.writeHead(request.method === 'PATCH' ? 202 : 201, { location: url.pathname }).end()
      })
    }
    const { ended, events } = await finish(await cloche.images.push('big:1', `${host()}/there:1`))
    expect(ended).toMatchObject({ status: 'succeeded', error: null })
    expect(events.filter((event) => event.type === 'blob' && event.state === 'retrying')).toHaveLength(1)
    // Configuration and layer, and the layer once more.
    expect(uploads).toBe(says ? 2 : 3)
    if (!says) return
    expect(Number(ranges[0]?.split('-')[0])).toBeGreaterThanOrEqual(1_000_000)
    expect(ranges).toEqual([expect.stringMatching(new RegExp(`^\\d+-${blob.length - 1}$`))])
  })

  it('get a token where a registry wants one, and the password goes to nobody else', async () => {
    await cloche.registries.set(host(), { username: 'me', password: 'of-mine' })
    asked.length = 0
    const strangely: (string | undefined)[] = []
    answer = serving(tokens, (path, request, response) => {
      if (path.startsWith('/token')) {
        response.end(JSON.stringify({ token: 'a-token' }))
        return true
      }
      const { authorization, host: named } = request.headers
      if (named === elsewhere()) {
        strangely.push(authorization)
        return false
      }
      if (authorization === 'Bearer a-token') {
        if (!path.includes('/blobs/')) return false
        response.writeHead(307, { location: `http://${elsewhere()}${path}` }).end()
        return true
      }
      const challenge = `Bearer realm="http://${host()}/token",service="here"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
      return true
    })
    expect((await pulled(`${host()}/tokens/app:1`, { image: 'tokens:1' })).ended.error).toBeNull()
    const token = asked.find(({ url }) => url.startsWith('/token'))
    expect(token?.authorization).toBe(`Basic ${Buffer.from('me:of-mine').toString('base64')}`)
    expect(token?.url).toContain('service=here&scope=repository%3Atokens%2Fapp%3Apull')
    expect(strangely).toEqual([undefined, undefined])
    await cloche.registries.delete(host())
    await expect(cloche.registries.delete(host())).rejects.toMatchObject({ status: 404 })
  })

  it('are taken up where a connection broke', async () => {
    const big = image([plainLayer([file('big', Buffer.alloc(3_000_000, 'b'))])], { Cmd: ['/bin/sh'] })
    const blob = layerOf(big, 0)
    const ranges: (string | undefined)[] = []
    answer = serving(big, (path, request, response) => {
      if (!path.endsWith(sha256(blob))) return false
      ranges.push(request.headers.range)
      if (ranges.length > 2) return false
      const [, first = '0'] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
      const from = Number(first)
      response.writeHead(ranges.length === 1 ? 200 : 206, {
        'content-length': blob.length - from,
        ...(ranges.length === 1
          ? {}
          : { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` }),
      })
      response.write(blob.subarray(from, from + 1_000_000), () => setTimeout(() => response.destroy(), 100))
      return true
    })
    const { ended, events } = await pulled(`${host()}/broken/app:1`)
    expect(ended).toMatchObject({ status: 'succeeded', error: null })
    expect(ranges).toHaveLength(3)
    expect(ranges[0]).toBeUndefined()
    expect(Number(/^bytes=(\d+)-$/.exec(ranges[2] ?? '')?.[1])).toBeGreaterThan(0)
    expect(events.filter((event) => event.type === 'blob' && event.state === 'retrying')).toHaveLength(2)
  })

  it.each<[string, RegExp, Answer]>([
    [
      'lies about a digest',
      /digest/,
      serving(lying, (path, _, response) => {
        if (!path.endsWith(sha256(layerOf(lying, 1)))) return false
        response.end(Buffer.alloc(layerOf(lying, 1).length, 'x'))
        return true
      }),
    ],
    [
      'sends more than it says',
      /longer than its \d+ bytes/,
      serving(lying, (path, _, response) => {
        if (!path.endsWith(sha256(layerOf(lying, 1)))) return false
        response.end(Buffer.concat([layerOf(lying, 1), Buffer.alloc(10_000)]))
        return true
      }),
    ],
    [
      'sends another manifest than its digest says',
      /manifest .* has the digest/,
      serving(lying, (path, _, response) => {
        if (!path.includes('/manifests/')) return false
        const content = lying.blobs.get(String(lying.manifest.digest)) ?? ''
        response
          .writeHead(200, { 'content-type': manifestType, 'docker-content-digest': sha256('another') })
          .end(content)
        return true
      }),
    ],
    [
      'sends a manifest without end',
      /longer than 4194304 bytes/,
      (_, response) => {
        response.writeHead(200, { 'content-type': manifestType })
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
          response.once('drain', more)
        }
        more()
      },
    ],
    [
      'nests indexes without end',
      /nested too deeply|has the digest/,
      (request, response) => {
        const path = request.url ?? ''
        const depth = Number(/n(\d+)$/.exec(path)?.[1] ?? 0)
        void depth
        response.writeHead(200, { 'content-type': indexType }).end(nested(path))
      },
    ],
    [
      'has an index for other machines alone',
      new RegExp(`nothing for linux/${architecture}; it has: linux/s390x`),
      (_, response) => {
        const manifests = [
          {
            mediaType: manifestType,
            digest: sha256('x'),
            size: 1,
            platform: { os: 'linux', architecture: 's390x' },
          },
        ]
        response
          .writeHead(200, { 'content-type': indexType })
          .end(JSON.stringify({ schemaVersion: 2, manifests }))
      },
    ],
    [
      'redirects to a private address',
      /169\.254\.169\.254 has an address that is not public/,
      (_, response) => {
        response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end()
      },
    ],
    [
      'redirects to what is no web address',
      /without TLS/,
      (_, response) => {
        response.writeHead(307, { location: 'file:///etc/passwd' }).end()
      },
    ],
    [
      'redirects in a circle',
      /redirects too often/,
      (request, response) => {
        response.writeHead(307, { location: request.url }).end()
      },
    ],
    [
      'sends for a token to a private address',
      /169\.254\.169\.254 has an address that is not public/,
      (_, response) => {
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token"' }).end()
      },
    ],
    [
      'answers with nonsense',
      /manifests of the type .* are not taken/,
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>')
      },
    ],
    [
      'does not know the image',
      /there is no such image/,
      (_, response) => void response.writeHead(404).end(),
    ],
  ])('of a registry that %s are not taken', async (_, why, act) => {
    answer = act
    const { ended } = await pulled(`${host()}/hostile/app:1`, { image: 'hostile/taken:1' })
    expect(ended).toMatchObject({ status: 'failed' })
    expect(ended.error).toMatch(why)
    expect(await tags('hostile/taken')).toBe(404)
    expect(ingest()).toEqual([])
  })

  it('of hosts that nobody may call are not asked for', async () => {
    for (const [from, why] of [
      ['10.0.0.1/app:1', /not public/],
      ['[::1]:5000/app:1', /not public/],
      ['169.254.169.254/app:1', /not public/],
    ] as const) {
      expect((await pulled(from)).ended.error, from).toMatch(why)
    }
    for (const from of [
      'app:1',
      'team/app',
      'UPPER.example.org/App',
      'user@example.org/app',
      'example.org:99999/app',
      `${host()}/..:1`,
    ]) {
      await expect(cloche.images.pull(from), from).rejects.toMatchObject({ status: 400 })
    }
  })

  it('can be cancelled while a registry is silent, and leave nothing', async () => {
    answer = serving(lying, (path, _, response) => {
      if (!path.includes('/blobs/')) return false
      response.writeHead(200).write('x')
      return true
    })
    const started = await cloche.images.pull(`${host()}/silent/app:1`)
    const ending = finish(started)
    while (ingest().length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    await cloche.images.cancel(started.id)
    expect((await ending).ended).toMatchObject({ status: 'canceled' })
    expect(ingest()).toEqual([])
    expect(await tags('silent/app')).toBe(404)
  })

  it('whose server is killed are ended by another one, and what has come is known to the next', async () => {
    const two = image([plainLayer([file('a', 'first')]), plainLayer([file('b', 'second')])])
    let silent = true
    answer = serving(two, (path, _, response) => {
      if (!silent || !path.endsWith(sha256(layerOf(two, 1)))) return false
      response.writeHead(200).write('x')
      return true
    })
    const other = await AnotherServer.start(instance, settings)
    const { id } = await new Cloche({ url: other.url, apiKey: key }).images.pull(`${host()}/two/app:1`)
    for await (const event of cloche.images.events(id)) {
      if (event.type === 'blob' && event.state === 'done' && event.digest === sha256(layerOf(two, 0))) break
    }
    await other.end('SIGKILL')
    expect((await cloche.images.transfer(id)).status).toBe('running')
    await database.query(
      `UPDATE image_transfer SET "touchedAt" = now() AT TIME ZONE 'UTC' - INTERVAL '2 minutes' WHERE id = $1`,
      [id],
    )
    const ended = async () => (await cloche.images.transfer(id)).error
    await expect.poll(ended, { timeout: 30_000 }).toMatch(/server that had this transfer was stopped/)
    expect(await tags('two/app')).toBe(404)
    silent = false
    const again = await pulled(`${host()}/two/app:1`)
    expect(again.ended.status).toBe('succeeded')
    const known = again.events.filter((event) => event.type === 'blob' && event.state === 'known')
    expect(known).toContainEqual(expect.objectContaining({ digest: sha256(layerOf(two, 0)) }))
    await other[Symbol.asyncDispose]()
  })

  it('survive a runtime that is killed', async () => {
    const big = image([plainLayer([file('big', Buffer.alloc(2_000_000, 'k'))])], { Cmd: ['/bin/sh'] })
    const blob = layerOf(big, 0)
    let times = 0
    answer = serving(big, (path, request, response) => {
      if (!path.endsWith(sha256(blob)) || ++times > 1) return false
      void request
      response.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 1_000_000))
      return true // and never the rest
    })
    const started = await cloche.images.pull(`${host()}/killed/app:1`)
    while (ingest().length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    process.kill((await instance.processes()).get('runtime') ?? 0, 'SIGKILL')
    const { ended } = await finish(started)
    expect(ended.status).toBe('failed')
    expect(await tags('killed/app')).toBe(404)
    let status = 'failed'
    while (status === 'failed') status = (await pulled(`${host()}/killed/app:1`)).ended.status
    expect(status).toBe('succeeded')
    expect(ingest()).toEqual([])
  })
})

/** An index that names another one, by its right digest, as far as anybody follows. */
const indexes: string[] = []
function nested(path: string): string {
  if (indexes.length === 0) {
    let inner = JSON.stringify({ schemaVersion: 2, manifests: [] })
    for (let i = 0; i < 12; i++) {
      indexes.unshift(inner)
      const manifests = [{ mediaType: indexType, digest: sha256(inner), size: inner.length }]
      inner = JSON.stringify({ schemaVersion: 2, manifests })
    }
    indexes.unshift(inner)
  }
  return indexes.find((one) => path.endsWith(sha256(one))) ?? indexes[0] ?? ''
}

/** Debian's own registry, with one user. */
async function openPeer(port: number, work: string) {
  const users = join(work, 'htpasswd')
  // As `htpasswd -B` writes it.
  writeFileSync(users, 'ci:$2y$05$VEebtgFVztZTcYM9JY5R9eX21jpu7DqNRduzdI6vVRxSRlZvV1yQm\n')
  const config = join(work, 'registry.yml')
  const text = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(work, 'registry') } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { htpasswd: { realm: 'peer', path: users } },
    log: { level: 'error' },
  }
  writeFileSync(config, JSON.stringify(text)) // JSON is YAML
  chmodSync(users, 0o600)
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}/v2/`
  while (
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  )
    await new Promise((resolve) => setTimeout(resolve, 50))
  const end = () =>
    new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill()
    })
  return { host: `127.0.0.1:${port}`, end }
}

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, NotFound } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { dir, file, gzipLayer, image, layout, plainLayer, sha256 } from '../../testing/images.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
const applets = ['sh', 'cat', 'id', 'ls', 'stat', 'echo', 'test']
/** As people write them: whiteouts, a user, an entry point with arguments, a directory for data. */
const app = image(
  [
    gzipLayer([
      ...[dir('bin'), dir('etc'), dir('data', { uid: 70, gid: 71 }), dir('gone'), dir('old')],
      file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
      ...applets.map((name) => ({ name: `bin/${name}`, flag: '2', target: 'busybox' })),
      file('etc/passwd', 'root:x:0:0::/root:/bin/sh\napp:x:70:71::/srv:/bin/sh\n'),
      file('etc/group', 'root:x:0:\napp:x:71:\n'),
      ...[file('data/seed', 'of the image', { uid: 70, gid: 71 }), file('gone/away'), file('old/below')],
    ]),
    plainLayer([
      ...[dir('srv', { uid: 70, gid: 71 }), file('.wh.gone'), dir('old'), file('old/.wh..wh..opq')],
      ...[file('old/new', 'over it'), file('bin/suid', 'x', { mode: 0o4755 })],
      file('bin/start', '#!/bin/sh\necho "$0 $* $(id -un) $PWD $GREETING" >>/data/log\ncat /data/log\n', {
        mode: 0o755,
      }),
    ]),
  ],
  {
    ...{ User: 'app', Env: ['GREETING=hello'], Entrypoint: ['/bin/start'], Cmd: ['two', 'words'] },
    ...{ WorkingDir: '/srv', Volumes: { '/data': {} }, Labels: { team: 'blue' }, StopSignal: 'SIGINT' },
  },
)
const look = 'ls -A / /old /data; stat -c "%n %a %u %g" /data /srv /bin/suid; cat /data/seed /old/new; id'

describe('images between Cloche and programs that others wrote', { timeout: 120_000 }, () => {
  let instance: Instance
  let cloche: Cloche
  let stranger: Cloche
  let key: string
  let work: string

  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, HOME: work } })
  const skopeo = (...args: string[]) => run('skopeo', ...args)
  const podman = (...args: string[]) =>
    run(
      'podman',
      ...['--root', join(work, 'podman'), '--runroot', join(work, 'podman-run'), '--storage-driver', 'vfs'],
      ...args,
    )
  const host = () => new URL(instance.url).host
  const save = async (name: string, content: ReadableStream<Uint8Array>) => {
    const path = join(work, name)
    writeFileSync(path, Buffer.from(await new Response(content).arrayBuffer()))
    return path
  }
  const seen = async (template: string) => {
    const sandbox = await cloche.sandboxes.create({ template, limits })
    const { stdout, stderr } = await sandbox.exec(look)
    await sandbox.delete()
    return stdout + stderr
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    work = mkdtempSync('/var/tmp/cloche-clients-')
    mkdirSync(join(work, 'dirs'))
    const owner = await TestClient.signUp(instance.url, 'owner@example.org')
    key = (await owner.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    cloche = new Cloche({ url: instance.url, apiKey: key })
    const other = await TestClient.signUp(instance.url, 'stranger@example.org')
    const otherKey = (await other.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    stranger = new Cloche({ url: instance.url, apiKey: otherKey })
    writeFileSync(join(work, 'app.tar'), layout([app]))
    await cloche.importTemplate('app', layout([app]))
  }, 300_000)
  afterAll(async () => {
    rmSync(work, { recursive: true, force: true })
    await instance[Symbol.asyncDispose]()
  })

  it('exports a template that is the same where it is taken in again, by Cloche and by others', async () => {
    const path = await save('exported.tar', await cloche.exportTemplate('app'))
    const again = await save('again.tar', await cloche.exportTemplate('app'))
    expect(readFileSync(path).equals(readFileSync(again))).toBe(true)
    // Cloche reads the one list of it or the other.
    const imported = await cloche.importTemplate('back', readFileSync(path))
    expect(imported.image).toMatchObject({
      ...{ user: 'app', workingDirectory: '/srv', entrypoint: ['/bin/start'], cmd: ['two', 'words'] },
      ...{ labels: { team: 'blue' }, stopSignal: 'SIGINT', reference: 'app:latest' },
    })
    run('tar', '-C', join(work, 'dirs'), '-xf', path)
    run('tar', '-C', join(work, 'dirs'), '-cf', again, 'manifest.json', 'blobs')
    await cloche.importTemplate('docker', readFileSync(again))
    const before = await seen('app')
    expect(before).toContain('of the imageover it')
    expect(before).toContain('/bin/suid 4755 0 0')
    expect(before).not.toMatch(/gone|below/)
    expect(await seen('back')).toBe(before)
    expect(await seen('docker')).toBe(before)
    for (const form of ['docker-archive', 'oci-archive']) {
      const { Env, Layers } = JSON.parse(skopeo('inspect', `${form}:${path}`))
      expect([Env, Layers.length]).toEqual([['GREETING=hello'], 2])
      skopeo('copy', `${form}:${path}`, `dir:${join(work, 'dirs', form)}`)
    }
    expect(podman('load', '--input', path)).toContain('app:latest')
    const [config] = JSON.parse(podman('image', 'inspect', 'localhost/app:latest'))
    expect(config.Config).toMatchObject({ User: 'app', Volumes: { '/data': {} }, WorkingDir: '/srv' })
    await expect(stranger.exportTemplate('app')).rejects.toBeInstanceOf(NotFound)
    await expect(cloche.exportTemplate('none')).rejects.toBeInstanceOf(NotFound)
  })

  it('exports what was pushed with its digests, as they are in the registry', async () => {
    const creds = ['--preserve-digests', '--dest-tls-verify=false', '--dest-creds', `x:${key}`]
    skopeo('copy', ...creds, `oci-archive:${join(work, 'app.tar')}`, `docker://${host()}/team/app:1.0`)
    const path = await save('pushed.tar', await cloche.images.export('team/app:1.0'))
    expect(JSON.parse(skopeo('inspect', `oci-archive:${path}:team/app:1.0`)).Digest).toBe(app.manifest.digest)
    expect(JSON.parse(skopeo('inspect', `docker-archive:${path}:team/app:1.0`)).Layers).toHaveLength(2)
    const { image: made } = await cloche.importTemplate('pushed', readFileSync(path))
    expect(made).toMatchObject({ digest: app.manifest.digest, reference: 'team/app:1.0' })
    const byDigest = await save(
      'digest.tar',
      await cloche.images.export(`team/app@${String(app.manifest.digest)}`),
    )
    expect((await cloche.importTemplate('pushed', readFileSync(byDigest))).image?.reference).toBeNull()
    const disk = await cloche.diskUse()
    expect(disk.images).toMatchObject({ count: 1, bytes: disk.images.exclusiveBytes })
    const blobs = [app.config, ...app.layers.map(({ blob }) => blob)]
    expect(disk.images.bytes).toBe(blobs.reduce((sum, { length }) => sum + length, 0))
    expect(disk.templates).toMatchObject({ count: 4 })
    expect(disk.templates.exclusiveBytes).toBeLessThan(disk.templates.bytes)
    // It does not tell what others have.
    await stranger.importTemplate('same', layout([app]))
    expect(await cloche.diskUse()).toEqual(disk)
    const { templates, images } = await stranger.diskUse()
    expect([templates.exclusiveBytes, images.count]).toEqual([templates.bytes, 0])
    expect(templates.bytes).toBeGreaterThan(1_000_000)
    await expect(stranger.images.export('team/app:1.0')).rejects.toBeInstanceOf(NotFound)
    await expect(cloche.images.export('team/app:2.0')).rejects.toBeInstanceOf(NotFound)
  })

  it('takes what podman pushes with a key as its password, and gives it back', async () => {
    const [flags, image] = [['--tls-verify=false', '--creds', `anybody:${key}`], `${host()}/by/podman:1`]
    podman('tag', 'localhost/app:latest', image)
    podman('push', ...flags, image)
    podman('rmi', '--all', '--force')
    podman('pull', ...flags, image)
    const [back] = JSON.parse(podman('image', 'inspect', image))
    expect(back.Config).toMatchObject({ Entrypoint: ['/bin/start'], Env: ['GREETING=hello'] })
    await cloche.createTemplate('podman', { image: 'by/podman:1' })
    expect(await seen('podman')).toBe(await seen('app'))
    const wrong = ['--tls-verify=false', '--creds', 'anybody:guessed']
    expect(() => podman('pull', ...wrong, image)).toThrow(/unauthorized|authentication/i)
  })

  it('does with crane what that does with a registry', async ({ skip }) => {
    const crane = craneOf(work)
    if (crane === undefined) return skip('there is no Go here, or its modules cannot be fetched')
    const call = (...args: string[]) => run(crane, ...args)
    run(crane, 'auth', 'login', host(), '--username', 'anybody', '--password', key)
    const [from, to] = [`${host()}/team/app:1.0`, `${host()}/by/crane:1`]
    expect(call('digest', '--insecure', from).trim()).toBe(app.manifest.digest)
    call('copy', '--insecure', from, to)
    call('tag', '--insecure', to, 'again')
    expect(call('ls', '--insecure', `${host()}/by/crane`).trim().split('\n').sort()).toEqual(['1', 'again'])
    expect(call('catalog', '--insecure', host())).toContain('by/crane')
    call('pull', '--insecure', to, join(work, 'crane.tar'))
    expect((await cloche.importTemplate('crane', readFileSync(join(work, 'crane.tar')))).image?.user).toBe(
      'app',
    )
    call('push', '--insecure', join(work, 'crane.tar'), `${host()}/by/crane:pushed`)
    call('delete', '--insecure', to)
    expect(() => call('digest', '--insecure', to)).toThrow(/NOT_FOUND|404|UNKNOWN/)
  })

  it('starts the program of an image as its user, in its directory, and keeps what it writes', async () => {
    const sandbox = await cloche.sandboxes.create({ template: 'app', limits, service: {} })
    const log = async () => (await sandbox.exec(['cat', '/data/log'])).stdout
    await expect.poll(log, { timeout: 20_000 }).toBe('/bin/start two words app /srv hello\n')
    expect((await sandbox.exec('ls -A /data; cat /data/seed')).stdout).toBe('log\nseed\nof the image')
    await sandbox.stop()
    await sandbox.start()
    await expect.poll(log, { timeout: 20_000 }).toBe('/bin/start two words app /srv hello\n'.repeat(2))
    await sandbox.delete()
    // A directory that the image does not have is made, for root as Docker makes it.
    const bare = image([app.layers[0] ?? plainLayer([])], { Volumes: { '/var/lib/app': {}, '/data': {} } })
    const made = await cloche.importTemplate('volumes', layout([bare]))
    expect(made.image?.volumes).toEqual(['/data', '/var/lib/app'])
    const other = await cloche.sandboxes.create({ template: 'volumes', limits })
    const { stdout } = await other.exec(
      'echo kept >/var/lib/app/file; stat -c "%n %a %u %g" /var/lib/app /data',
    )
    expect(stdout).toBe('/var/lib/app 755 0 0\n/data 755 70 71\n')
    await other.delete()
    const wrong = image([plainLayer([])], { Volumes: { 'no/path': {} } })
    await expect(cloche.importTemplate('wrong', layout([wrong]))).rejects.toThrow('no absolute path')
  })

  it('goes on with a push when the server is killed in the middle of it', async () => {
    const layer = gzipLayer([file('big', randomBytes(4_000_000))])
    const built = image([layer], { Cmd: ['/bin/sh'] })
    const headers = { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` }
    const call = (method: string, path: string, body?: Buffer, more = {}) =>
      fetch(new URL(path, instance.url), {
        ...{ method, headers: { ...headers, ...more } },
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      })
    const at = (await call('POST', '/v2/killed/blobs/uploads/')).headers.get('location') ?? ''
    const half = layer.blob.subarray(0, 2_000_000)
    const sending = sendPart(new URL(at, instance.url), headers, layer.blob.length, half)
    const received = () => {
      const [name = ''] = readdirSync(join(instance.home, 'disk/ingest'))
      return name === '' ? 0 : statSync(join(instance.home, 'disk/ingest', name)).size
    }
    await expect.poll(received, { timeout: 20_000 }).toBe(half.length)
    process.kill((await instance.processes()).get('server') ?? 0, 'SIGKILL')
    await expect(sending).rejects.toThrow()
    const up = async () => (await fetch(new URL('/readyz', instance.url)).catch(() => undefined))?.status
    await expect.poll(up, { timeout: 30_000 }).toBe(200)
    const digest = sha256(layer.blob)
    expect((await call('HEAD', `/v2/killed/blobs/${digest}`)).status).toBe(404)
    const asked = await call('GET', at)
    expect([asked.status, asked.headers.get('range')]).toEqual([204, `0-${half.length - 1}`])
    const rest = layer.blob.subarray(half.length)
    const range = { 'content-range': `${half.length}-${layer.blob.length - 1}` }
    expect((await call('PUT', `${at}?digest=${digest}`, rest, range)).status).toBe(201)
    // A whole push finds the blob there.
    writeFileSync(join(work, 'killed.tar'), layout([built]))
    const flags = ['--preserve-digests', '--dest-tls-verify=false', '--dest-creds', `x:${key}`]
    skopeo('copy', ...flags, `oci-archive:${join(work, 'killed.tar')}`, `docker://${host()}/killed:1`)
    expect((await cloche.createTemplate('killed', { image: 'killed:1' })).image?.digest).toBe(
      built.manifest.digest,
    )
  })

  it('has no template of an import during which the runtime was killed, and takes it in the next time', async () => {
    const archive = layout([image([plainLayer([file('big', randomBytes(4_000_000))])], { Cmd: ['/bin/x'] })])
    const url = new URL('/api/v1/templates/killed-import/image', instance.url)
    const headers = { authorization: `Bearer ${key}` }
    const sending = sendPart(url, headers, archive.length, archive.subarray(0, 3_000_000), 'PUT')
    const ingest = () => readdirSync(join(instance.home, 'disk/ingest')).length
    await expect.poll(ingest, { timeout: 20_000 }).toBe(1)
    process.kill((await instance.processes()).get('runtime') ?? 0, 'SIGKILL')
    await expect(sending).rejects.toThrow(/50[0-9]|hang up|ECONNRESET|EPIPE/)
    const named = async () => (await cloche.templates()).some(({ name }) => name === 'killed-import')
    await expect
      .poll(() => cloche.importTemplate('killed-import', archive).then(named, () => false), {
        timeout: 30_000,
      })
      .toBe(true)
    expect(ingest()).toBe(0)
  })
})

/** Sends a part of a body and waits. @throws when the connection ends, or with the status of an answer */
function sendPart(
  url: URL,
  headers: Readonly<Record<string, string>>,
  length: number,
  part: Buffer,
  method = 'PATCH',
): Promise<never> {
  return new Promise((_, reject) => {
    const sending = request(url, { method, headers: { ...headers, 'content-length': length } })
    sending.on('error', reject)
    sending.on('response', (answer) => reject(new Error(String(answer.statusCode))))
    sending.write(part)
  })
}

/** Built once, and kept by Go. @returns undefined where that is not possible */
function craneOf(work: string): string | undefined {
  const PATH = `${process.env.PATH}:/usr/local/go/bin`
  const env = { ...process.env, PATH, GOBIN: work, GOFLAGS: '-mod=mod' }
  const module = 'github.com/google/go-containerregistry/cmd/crane@v0.20.7'
  try {
    execFileSync('go', ['install', module], { env, stdio: 'pipe', timeout: 60_000 })
    return join(work, 'crane')
  } catch {
    return undefined
  }
}

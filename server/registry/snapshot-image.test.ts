import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, type Sandbox } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { dir, file, gzipLayer, image, layout, plainLayer } from '../../testing/images.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 128, pids: 64 }
const applets = ['sh', 'ls', 'cat', 'id', 'mv', 'rm', 'mkdir', 'chmod', 'touch', 'test', 'ln', 'head', 'find']
/** CAP_NET_BIND_SERVICE, permitted and effective. @see capabilities(7) */
const bindCapability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
const app = image(
  [
    gzipLayer([
      ...[dir('bin'), dir('etc'), dir('data'), dir('data/old'), dir('gone')],
      file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
      ...applets.map((name) => ({ name: `bin/${name}`, flag: '2', target: 'busybox' })),
      file('bin/serve', 'serves', { mode: 0o755, xattrs: { 'security.capability': bindCapability } }),
      file('etc/passwd', 'root:x:0:0::/root:/bin/sh\napp:x:70:71::/srv:/bin/sh\n'),
      file('etc/group', 'root:x:0:\napp:x:71:\n'),
      ...[file('data/old/kept', 'below'), file('gone/away', 'x'), file('removed', 'x')],
    ]),
    plainLayer([dir('srv', { uid: 70, gid: 71 }), file('srv/second', 'of the second layer')]),
  ],
  {
    ...{ User: 'app', Env: ['GREETING=hello'], Cmd: ['/bin/sh'], Entrypoint: ['/bin/busybox'] },
    ...{ WorkingDir: '/srv', Labels: { team: 'blue' }, StopSignal: 'SIGINT', ExposedPorts: { '80/tcp': {} } },
  },
)

describe('a snapshot', { timeout: 120_000 }, () => {
  let instance: Instance
  let cloche: Cloche
  let key: string
  let stranger: Cloche
  let work: string
  let sandbox: Sandbox
  let snapshot: string

  const host = () => new URL(instance.url).host
  const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8', stdio: 'pipe' })
  const remote = (name: string) => `docker://${host()}/${name}`
  const creds = () => `x:${key}`
  const pull = (name: string) => {
    const at = mkdtempSync(join(work, 'pull-'))
    skopeo('copy', '--src-tls-verify=false', '--src-creds', creds(), remote(name), `dir:${at}`)
    const manifest = JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8'))
    const read = (digest: string) => readFileSync(join(at, digest.slice('sha256:'.length)))
    return { at, manifest, config: JSON.parse(read(manifest.config.digest).toString()) }
  }
  const output = async (of: Sandbox, command: string, user?: 'root') => {
    const { stdout, stderr, exitCode } = await of.exec(command, user === undefined ? {} : { user })
    return exitCode === 0 ? stdout : `${stdout}${stderr} (${exitCode})`
  }
  /** What is seen inside, in words. */
  const look = (of: Sandbox) =>
    output(
      of,
      [
        'ls -l /data/new /srv /bin/suid /bin/served /data/new2 | while read mode links owner group size rest; do echo $mode $owner $group ${rest##* }; done',
        'cat /data/moved/kept /srv/second /srv/mine; ls /removed /gone 2>&1; ls -A /gone; echo $GREETING; id -u',
      ].join('; '),
    )

  beforeAll(async () => {
    instance = await sharedInstance()
    work = mkdtempSync('/var/tmp/cloche-snapshot-image-')
    const owner = await TestClient.signUp(instance.url, 'owner@example.org')
    key = (await owner.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    cloche = new Cloche({ url: instance.url, apiKey: key })
    const other = await TestClient.signUp(instance.url, 'stranger@example.org')
    const otherKey = (await other.call('POST', '/api/v1/keys', { name: 'push' })).body.key
    stranger = new Cloche({ url: instance.url, apiKey: otherKey })
    writeFileSync(join(work, 'app.tar'), layout([app]))
    const from = `oci-archive:${join(work, 'app.tar')}`
    skopeo('copy', '--dest-tls-verify=false', '--dest-creds', creds(), from, remote('team/app:1.0'))
    await cloche.createTemplate('app', { image: 'team/app:1.0' })
    sandbox = await cloche.sandboxes.create({ template: 'app', limits })
    const changed = await output(
      sandbox,
      [
        'rm /removed; mv /data/old /data/moved; rm -r /gone; mkdir /gone; touch /gone/new',
        'mkdir /data/new; echo hi >/data/new/file; ln /data/new/file /data/new2; mv /bin/serve /bin/served',
        'ln -s busybox /bin/suid-link; cat /bin/busybox >/bin/suid; chmod 4755 /bin/suid; echo mine >/srv/mine',
      ].join('; '),
      'root',
    )
    expect(changed).toBe('')
    snapshot = (await sandbox.snapshot({ name: 'changed' })).id
  }, 300_000)
  afterAll(async () => {
    rmSync(work, { recursive: true, force: true })
    await instance[Symbol.asyncDispose]()
  })

  it('becomes a template that shows what the sandbox showed, and outlives it', async () => {
    const made = await cloche.createTemplate('changed', { snapshot })
    expect(made).toMatchObject({
      own: { source: 'snapshot' },
      image: { user: 'app', workingDirectory: '/srv', labels: { team: 'blue' }, stopSignal: 'SIGINT' },
    })
    expect(made.image).toMatchObject({ cmd: ['/bin/sh'], entrypoint: ['/bin/busybox'], ports: ['80/tcp'] })
    const before = await look(sandbox)
    expect(before).toContain('below')
    const taken = await sandbox.snapshot({ name: 'to go' })
    await cloche.createTemplate('outlives', { snapshot: taken.id })
    await cloche.snapshots.delete(taken.id)
    for (const template of ['changed', 'outlives']) {
      const again = await cloche.sandboxes.create({ template, limits })
      expect(await look(again)).toBe(before)
      await again.delete()
    }
  })

  it('becomes an image: its base is what was pushed, and the rest one layer', async () => {
    const made = await cloche.snapshots.toImage(snapshot, 'team/changed:2')
    expect(made).toMatchObject({ image: 'team/changed:2', layers: 3 })
    const base = pull('team/app:1.0')
    const { at, manifest, config } = pull('team/changed:2')
    expect(manifest.layers.slice(0, 2).map(({ digest }: { digest: string }) => digest)).toEqual(
      base.manifest.layers.map(({ digest }: { digest: string }) => digest),
    )
    expect(config.rootfs.diff_ids.slice(0, 2)).toEqual(base.config.rootfs.diff_ids)
    expect(config.config).toMatchObject({
      ...{ User: 'app', WorkingDir: '/srv', Labels: { team: 'blue' }, StopSignal: 'SIGINT' },
      ...{ Cmd: ['/bin/sh'], Entrypoint: ['/bin/busybox'], ExposedPorts: { '80/tcp': {} } },
    })
    expect(config.config.Env).toContain('GREETING=hello')
    const top = join(at, manifest.layers[2].digest.slice('sha256:'.length))
    const listed = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', top], {
      encoding: 'utf8',
    })
    for (const name of ['.wh.removed', 'data/.wh.old', 'data/moved/.wh..wh..opq', 'gone/.wh..wh..opq']) {
      expect(listed).toContain(name)
    }
    expect(listed).toMatch(/^-rwsr-xr-x 0\/0 .* bin\/suid$/m)
    expect(listed).toMatch(/^h.* link to data\/new/m)
    // The same snapshot gives the same image, and nothing is stored twice.
    const files = () =>
      readdirSync(
        join(instance.home, 'disk/content', readdirSync(join(instance.home, 'disk/content'))[0] ?? ''),
      ).length
    const before = files()
    expect((await cloche.snapshots.toImage(snapshot, 'team/changed:3')).digest).toBe(made.digest)
    expect(files()).toBe(before)
  })

  it('is the same again when a template is made of its image', async () => {
    await cloche.createTemplate('round', { image: 'team/changed:2' })
    const again = await cloche.sandboxes.create({ template: 'round', limits })
    expect(await look(again)).toBe(await look(sandbox))
    const second = await again.snapshot({ name: 'of the image' })
    await cloche.snapshots.toImage(second.id, 'team/second:1')
    const { manifest } = pull('team/second:1')
    expect(manifest.layers).toHaveLength(4)
    await again.delete()
  })

  it('keeps capabilities and owners, as others unpack it', () => {
    const { at } = pull('team/changed:2')
    const root = join(work, 'root')
    mkdirSync(root)
    const manifest = JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8'))
    const top = join(at, manifest.layers[2].digest.slice('sha256:'.length))
    execFileSync('tar', [
      '--extract',
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--file',
      top,
      '--directory',
      root,
    ])
    expect(
      execFileSync('getfattr', [
        '-n',
        'security.capability',
        '-e',
        'hex',
        '--only-values',
        join(root, 'bin/served'),
      ]).toString('hex'),
    ).toBe(bindCapability.toString('hex'))
    expect(statSync(join(root, 'bin/suid')).mode & 0o7777).toBe(0o4755)
  })

  it('of a template for everybody becomes an image with its layers', async () => {
    const box = await cloche.sandboxes.create({ template: 'base', limits: { ...limits, diskMiB: 256 } })
    await box.exec('echo mine > ~/mine')
    const { id } = await box.snapshot({ name: 'of base' })
    const made = await cloche.snapshots.toImage(id, 'base-copy:1')
    await cloche.createTemplate('base-copy', { image: 'base-copy:1' })
    const again = await cloche.sandboxes.create({
      template: 'base-copy',
      limits: { ...limits, diskMiB: 256 },
    })
    expect(await output(again, 'cat ~/mine; id -un; pwd; sudo id -u')).toBe('mine\nuser\n/home/user\n0\n')
    // What was packed once is known.
    const begun = readdirSync(join(instance.home, 'disk/ingest'))
    expect(begun).toEqual([])
    expect((await cloche.snapshots.toImage(id, 'base-copy:2')).digest).toBe(made.digest)
    for (const one of [box, again]) await one.delete()
  })

  it('leaves nothing behind when it is cancelled, or the runtime is killed', async () => {
    const box = await cloche.sandboxes.create({ template: 'app', limits })
    expect(await output(box, 'head -c 60000000 /dev/urandom >/srv/big', 'root')).toBe('')
    const { id } = await box.snapshot({ name: 'big' })
    await box.delete()
    const ingest = () => readdirSync(join(instance.home, 'disk/ingest'))
    const until = async (done: () => boolean | Promise<boolean>) => {
      while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const tags = async (repository: string) =>
      (
        await fetch(new URL(`/v2/${repository}/tags/list`, instance.url), {
          headers: { authorization: `Bearer ${key}` },
        })
      ).status
    const cancelling = new AbortController()
    const cancelled = cloche.snapshots.toImage(id, 'cancelled:1', cancelling.signal)
    const refused = expect(cancelled).rejects.toThrow()
    await until(() => ingest().length > 0)
    cancelling.abort()
    await refused
    await until(() => ingest().length === 0)
    expect(await tags('cancelled')).toBe(404)

    const failed = expect(cloche.snapshots.toImage(id, 'killed:1')).rejects.toThrow()
    await until(() => ingest().length > 0)
    process.kill((await instance.processes()).get('runtime') ?? 0, 'SIGKILL')
    await failed
    expect(await tags('killed')).toBe(404)
    await until(async () => {
      const made = cloche.snapshots.toImage(id, 'killed:1')
      return made.then(
        ({ layers }) => layers === 3,
        () => false,
      )
    })
    expect(ingest()).toEqual([])
    expect(pull('killed:1').manifest.layers).toHaveLength(3)
  })

  it('is nothing to others, and refuses what it has no form for', async () => {
    await expect(stranger.snapshots.toImage(snapshot, 'mine:1')).rejects.toMatchObject({ status: 404 })
    await expect(stranger.createTemplate('mine', { snapshot })).rejects.toMatchObject({ status: 404 })
    await expect(cloche.snapshots.toImage(snapshot, 'Team/UPPER')).rejects.toMatchObject({ status: 400 })
    await expect(cloche.snapshots.toImage(snapshot, `app@sha256:${'a'.repeat(64)}`)).rejects.toMatchObject({
      status: 400,
    })
    await output(sandbox, 'mkdir /data/last; touch /data/last/.wh.x', 'root')
    const { id } = await sandbox.snapshot({ name: 'with a marker' })
    await expect(cloche.snapshots.toImage(id, 'marked:1')).rejects.toThrow(/data\/last\/\.wh\.x/)
    expect(readdirSync(join(instance.home, 'disk/ingest'))).toEqual([])
  })
})

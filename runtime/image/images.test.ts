import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import {
  dir,
  dockerSave,
  type Entry,
  file,
  gzipLayer,
  image,
  indexOf,
  layerOf,
  layout,
  plainLayer,
  tar,
} from '../../testing/images.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const busybox = readFileSync('/bin/busybox')
const applets = [
  'sh',
  'ls',
  'cat',
  'id',
  'pwd',
  'env',
  'sleep',
  'stat',
  'touch',
  'head',
  'kill',
  'mkdir',
  'test',
]

/** An image like Alpine: busybox and links to it, a `/bin` that is a link, users of its own. */
const alpine: readonly Entry[] = [
  ...[dir('usr'), dir('usr/bin'), { name: 'bin', flag: '2', target: 'usr/bin' }],
  file('usr/bin/busybox', busybox, { mode: 0o755 }),
  ...applets.map((name) => ({ name: `usr/bin/${name}`, flag: '2', target: 'busybox' })),
  dir('etc'),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\napp:x:70:71:App:/srv/app:/bin/sh\n'),
  file('etc/group', 'root:x:0:\napp:x:71:\nmedia:x:72:app\n'),
  dir('root', { mode: 0o700 }),
  dir('srv'),
  dir('srv/app', { uid: 70, gid: 71 }),
]

describe('an OCI image', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const importing = (name: string, archive: Buffer, query = '') =>
    cloche.call('PUT', `/templates/${name}/image${query}`, archive)
  const imported = async (name: string, archive: Buffer, query = '') => {
    const answer = await importing(name, archive, query)
    if (answer.status !== 201) throw new Error(answer.text)
    return JSON.parse(answer.text)
  }
  const sandboxOf = async (template: string) => (await cloche.claim({ template })).id
  const output = async (id: string, command: string | string[], more = {}) => {
    const { stdout, stderr, exit } = await cloche.exec(id, command, more)
    return exit?.exitCode === 0 ? stdout : `${stdout}${stderr} (${JSON.stringify(exit)})`
  }
  const layers = () => readdirSync(join(cloche.disk, 'layers'))

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('runs without bash, without uid 1000 and without an init of its own, as its configuration says', async () => {
    const config = {
      ...{ User: 'app', Env: ['PATH=/usr/bin', 'COLOUR=blue'], WorkingDir: '/srv/app/data' },
      ...{ Entrypoint: ['/bin/cat'], Cmd: ['-'], StopSignal: 'SIGQUIT', Labels: { made: 'here' } },
    }
    const template = await imported('alpine', layout([image([gzipLayer(alpine)], config)]))
    expect(template).toMatchObject({ name: 'alpine', languages: [] })
    expect(template.image).toMatchObject({
      ...{ user: 'app', entrypoint: ['/bin/cat'], cmd: ['-'], workingDirectory: '/srv/app/data' },
      ...{ stopSignal: 'SIGQUIT', labels: { made: 'here' } },
    })
    const id = await sandboxOf('alpine')
    expect(await output(id, 'id; pwd; echo $HOME $USER $COLOUR $SHELL')).toBe(
      'uid=70(app) gid=71(app) groups=71(app),72(media)\n/srv/app/data\n/srv/app app blue\n',
    )
    expect(await output(id, 'id -u; pwd; echo $HOME', { user: 'root' })).toBe('0\n/srv/app/data\n/root\n')
    expect(await output(id, 'cat /proc/1/comm; cat /etc/resolv.conf; stat -c %a /tmp')).toBe(
      'cloche-init\nnameserver 169.254.1.1\n1777\n',
    )
    // The link stayed one, and what is written through the API belongs to the image's user.
    expect(await output(id, 'test -L /bin && echo link')).toBe('link\n')
    await cloche.call('PUT', `/sandboxes/${id}/files?path=/srv/app/new`, Buffer.from('by the API'))
    expect(await output(id, 'cat /srv/app/new; stat -c %u:%g /srv/app/new')).toBe('by the API70:71\n')
    const terminal = await cloche.openTerminal(id)
    terminal.type('echo shell is $0; exit\n')
    await terminal.sees('shell is /bin/sh')
    terminal[Symbol.dispose]()
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('is asked to end with its own stop signal', async () => {
    const id = await sandboxOf('alpine')
    const program = `trap 'echo QUIT >/srv/app/how; exit' QUIT; trap 'echo TERM >/srv/app/how; exit' TERM; echo ready; while :; do sleep 0.05; done`
    const started = await cloche.call('POST', `/sandboxes/${id}/processes`, {
      command: ['/bin/sh', '-c', program],
    })
    expect(started.status).toBe(201)
    await expect
      .poll(async () => (await cloche.call('GET', `/sandboxes/${id}/processes`)).text)
      .toContain('"seq":6')
    expect((await cloche.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 10 })).status).toBe(200)
    expect((await cloche.bytes(`/sandboxes/${id}/files?path=/srv/app/how`)).toString()).toBe('QUIT\n')
    // After a start it is the same user's, and a snapshot's fork as well.
    expect((await cloche.call('POST', `/sandboxes/${id}/start`)).status).toBe(200)
    expect(await output(id, 'id -un')).toBe('app\n')
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('runs hardened as well', async () => {
    const { id } = await cloche.claim({
      ...{ template: 'alpine', isolation: 'hardened' },
      limits: { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 },
    })
    expect(await output(id, 'id -un; pwd; cat /etc/resolv.conf')).toBe(
      'app\n/srv/app/data\nnameserver 169.254.1.1\n',
    )
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('of one static program and nothing else runs, and says that it has no shell', async () => {
    await imported('distroless', layout([image([plainLayer([file('cat', busybox, { mode: 0o755 })])])]))
    const id = await sandboxOf('distroless')
    expect(await output(id, ['/cat', '/etc/hosts'])).toContain('127.0.0.1 localhost')
    expect(await output(id, ['/cat'], { stdin: 'through' })).toBe('through')
    await cloche.call('PUT', `/sandboxes/${id}/files?path=/data/file`, Buffer.from('kept'))
    expect(await output(id, ['/cat', '/data/file'])).toBe('kept')
    const shell = await cloche.exec(id, 'echo no')
    expect(shell).toMatchObject({
      status: 400,
      stderr: expect.stringMatching(/there is no program .*\/bin\/sh/),
    })
    const terminal = await cloche.call('POST', `/sandboxes/${id}/terminals`, {})
    expect(terminal.status).toBe(409)
    expect(refusalOf(terminal).message).toContain('has no shell')
    expect((await cloche.call('POST', `/sandboxes/${id}/stop`, {})).status).toBe(200)
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('is its layers over one another: whiteouts, opaque directories, links, set-uid, capabilities, holes', async () => {
    const capability = (bits: number) => {
      const value = Buffer.alloc(20)
      value.writeUInt32LE(0x0200_0001, 0)
      value.writeUInt32LE(bits, 4)
      return value
    }
    const [bind, raw] = [1 << 10, 1 << 13]
    const lower = gzipLayer([
      ...alpine,
      file('gone', 'lower'),
      dir('opaque'),
      file('opaque/lower', 'x'),
      dir('replaced'),
      file('replaced/lower', 'x'),
      { name: 'dev', flag: '5', mode: 0o755 },
      { name: 'dev/console', flag: '3' },
      dir('var', { mode: 0o711, uid: 5 }),
      file('usr/bin/setuid', busybox, { mode: 0o4755 }),
      file('usr/bind/true', busybox, {
        mode: 0o755,
        xattrs: { 'security.capability': capability(bind | raw) },
      }),
      file('usr/raw/true', busybox, { mode: 0o755, xattrs: { 'security.capability': capability(raw) } }),
      file('usr/one', 'linked'),
      { name: 'usr/other', flag: '1', target: '/usr/one' },
      file('/absolute', 'taken as below the root'),
      // A later entry takes the place of a directory, whose name is no UTF-8.
      dir('\xff'),
      file('\xff/in', 'x'),
      file('\xff', 'a file now'),
    ])
    const upper = plainLayer([
      file('.wh.gone'),
      dir('opaque'),
      file('opaque/.wh..wh..opq'),
      file('opaque/upper', 'y'),
      file('.wh.replaced'),
      dir('replaced'),
      file('replaced/upper', 'y'),
      // No entries for these directories: one is a link below, one has an owner and a mode.
      file('bin/new', '#!/bin/sh\necho new\n', { mode: 0o755 }),
      file('var/file', 'v'),
      file('.wh..wh.aufs', ''),
      file('xattr', '', {
        xattrs: { 'user.note': Buffer.from('kept'), 'trusted.overlay.opaque': Buffer.from('y') },
      }),
    ])
    await imported('layered', layout([image([lower, upper])]))
    const id = await sandboxOf('layered')
    expect(await output(id, 'ls /gone 2>&1 | head -n 1; ls /opaque /replaced')).toContain('No such file')
    expect(await output(id, 'ls /opaque; ls /replaced')).toBe('upper\nupper\n')
    expect(await output(id, 'new; test -L /bin; stat -c "%a %u" /var; cat /var/file; cat /absolute')).toBe(
      'new\n711 5\nvtaken as below the root',
    )
    expect(await output(id, 'stat -c %a /usr/bin/setuid; stat -c %h /usr/one')).toBe('4755\n2\n')
    expect(await output(id, ['/usr/bind/true'])).toBe('')
    expect(await output(id, ['/usr/raw/true'])).toBe('')
    const record = cloche.recordOf(id)
    const [one, two] = record.layers.map((name) => join(cloche.disk, 'layers', name))
    const xattrs = (path: string) => execFileSync('getfattr', ['-d', '-m-', '-e', 'text', path]).toString()
    expect(xattrs(`${one}/usr/bind/true`)).toContain('security.capability')
    expect(xattrs(`${one}/usr/raw/true`)).toBe('')
    expect(xattrs(`${two}/xattr`)).toMatch(/user.note="kept"/)
    expect(xattrs(`${two}/xattr`)).not.toContain('trusted')
    expect(readFileSync(Buffer.from(`${one}/\xff`, 'latin1'), 'utf8')).toBe('a file now')
    expect(existsSync(`${one}/dev/console`)).toBe(false)
    expect(lstatSync(`${two}/gone`).isCharacterDevice()).toBe(true)
    expect(existsSync(`${two}/usr/bin/new`)).toBe(true)
    // The host's users get nowhere near a program of an image that is root's there.
    expect(statSync(join(cloche.disk, 'layers')).mode & 0o077).toBe(0)
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('shares its layers with others: the same content is unpacked once, however it is compressed', async () => {
    const entries = [...alpine, file('shared', 'by two')]
    const [zipped, plain] = [gzipLayer(entries), plainLayer(entries)]
    expect(zipped.diffId).toBe(plain.diffId)
    await imported('first', layout([image([zipped])]))
    const before = layers()
    const inode = statSync(join(cloche.disk, 'layers', zipped.diffId.replace(':', '-'))).ino
    await imported('second', layout([image([plain, plainLayer([file('own', 'z')])])]))
    const added = layers().filter((name) => !before.includes(name))
    // Its own second layer, and what lies over all of them.
    expect(added.filter((name) => name.startsWith('sha256-'))).toHaveLength(1)
    expect(statSync(join(cloche.disk, 'layers', plain.diffId.replace(':', '-'))).ino).toBe(inode)
    const id = await sandboxOf('second')
    expect(await output(id, 'cat /shared /own')).toBe('by twoz')
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('comes as zstd, and from docker save with its links', async () => {
    const bytes = tar([...alpine, file('packed', 'zstd')])
    const zstd = {
      ...layerOf(bytes, '+zstd'),
      blob: execFileSync('zstd', ['-qc'], { input: bytes, maxBuffer: 2 ** 26 }),
    }
    await imported('packed', layout([image([zstd])]))
    const second = plainLayer([file('twice', 'x')])
    const saved = image([plainLayer(alpine), second, second])
    const template = await imported('saved', dockerSave(saved, 'shop/app:1.0'))
    expect(template.image).toMatchObject({ reference: 'shop/app:1.0', user: 'root' })
    for (const [name, path] of [
      ['packed', '/packed'],
      ['saved', '/twice'],
    ] as const) {
      const id = await sandboxOf(name)
      expect(await output(id, `cat ${path}`)).toBe(name === 'packed' ? 'zstd' : 'x')
      await cloche.call('DELETE', `/sandboxes/${id}`)
    }
  })

  it('that skopeo has made of it runs as well: docker archives and compressed layouts', async () => {
    const work = mkdtempSync('/var/tmp/cloche-skopeo-')
    try {
      writeFileSync(
        join(work, 'in.tar'),
        layout([image([gzipLayer(alpine), plainLayer([file('by', 'skopeo')])], { User: '70' })]),
      )
      const copy = (...args: string[]) =>
        execFileSync('skopeo', ['--insecure-policy', 'copy', '--quiet', ...args], { cwd: work })
      copy('oci-archive:in.tar', 'docker-archive:docker.tar:made/by:skopeo')
      copy('--dest-compress-format', 'zstd', '--dest-compress', 'oci-archive:in.tar', 'oci-archive:oci.tar')
      for (const name of ['docker', 'oci']) {
        await imported(`skopeo-${name}`, readFileSync(join(work, `${name}.tar`)))
        const id = await sandboxOf(`skopeo-${name}`)
        expect(await output(id, 'cat /by; id -un')).toBe('skopeoapp\n')
        await cloche.call('DELETE', `/sandboxes/${id}`)
      }
    } finally {
      rmSync(work, { recursive: true })
    }
  })

  it('is picked for this machine out of several', async () => {
    const other = image([plainLayer([])], {}, { configuration: { architecture: 's390x' } })
    const own = image([plainLayer([...alpine, file('mine', 'mine')])])
    const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64' }
    const proof = { os: 'unknown', architecture: 'unknown' }
    const { blob, descriptor } = indexOf([
      { ...other.manifest, platform: { os: 'linux', architecture: 's390x' } },
      { ...own.manifest, platform },
      { ...other.manifest, platform: proof },
    ])
    await imported('several', layout([other, own], [descriptor], [blob]))
    const id = await sandboxOf('several')
    expect(await output(id, 'cat /mine')).toBe('mine')
    await cloche.call('DELETE', `/sandboxes/${id}`)
    const foreign = await importing('foreign', layout([other]))
    expect(refusalOf(foreign).message).toContain('it has: linux/s390x')
    const named = (built: typeof own, name: string) => ({
      ...built.manifest,
      annotations: { 'org.opencontainers.image.ref.name': name },
    })
    const second = image([plainLayer([file('second', '2')])])
    const both = layout([own, second], [named(own, 'one'), named(second, 'docker.io/library/two:latest')])
    expect(refusalOf(await importing('which', both)).message).toContain(
      'name one by reference (one, docker.io',
    )
    expect((await imported('which', both, '?reference=two')).image.digest).toBe(second.manifest.digest)
  })

  it('of a hundred layers runs, and so does its snapshot', async () => {
    const many = Array.from({ length: 118 }, (_, i) => plainLayer([file(`f${i}`, String(i))]))
    await imported('many', layout([image([plainLayer(alpine), ...many])]))
    const id = await sandboxOf('many')
    expect(await output(id, 'cat /f0 /f117')).toBe('0117')
    const taken = await cloche.call('PUT', `/sandboxes/${id}/snapshots/${newId('sn')}`)
    expect(taken.status).toBe(201)
    const snapshot = JSON.parse(taken.text).id
    expect((await cloche.bytes(`/snapshots/${snapshot}/archive`)).length).toBeGreaterThan(busybox.length)
    const fork = await cloche.claim({ template: 'many', snapshot, tenantId: cloche.recordOf(id).tenantId })
    expect(await output(fork.id, 'cat /f1; id -u')).toBe('10\n')
    await cloche.call('DELETE', `/sandboxes/${fork.id}`)
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('does not take the name of a template from a recipe', async () => {
    const archive = layout([image([plainLayer([])])])
    expect((await importing('base', archive)).status).toBe(409)
  })
})

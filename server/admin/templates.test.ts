import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, Conflict, Forbidden, InvalidRequest } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { dockerSave, file, image, layout, plainLayer } from '../../testing/images.js'
import { type Instance, openInstance } from '../../testing/instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const app = image(
  [
    plainLayer([
      file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
      { name: 'bin/sh', flag: '2', target: 'busybox' },
      file('etc/passwd', 'root:x:0:0::/:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n'),
    ]),
  ],
  {
    User: 'web',
    Env: ['GREETING=hello'],
    Cmd: ['/bin/sh'],
    Labels: { 'org.opencontainers.image.title': 'App' },
  },
)

describe('a template that an operator makes of an image', { timeout: 60_000 }, () => {
  let instance: Instance
  let operator: Cloche
  let tenant: Cloche

  beforeAll(async () => {
    instance = await openInstance('tmpl')
    operator = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    const owner = await TestClient.signUp(instance.url, 'owner@example.org')
    const { body } = await owner.call('POST', '/api/v1/keys', { name: 'templates' })
    tenant = new Cloche({ url: instance.url, apiKey: body.key })
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  const cli = (...args: string[]) =>
    execFileSync('bin/cloche', args, {
      env: { ...process.env, CLOCHE_URL: instance.url, CLOCHE_API_KEY: instance.admin.apiKey },
      encoding: 'utf8',
    })

  it('is there for every tenant, and runs as the image says', async () => {
    const imported = await operator.importTemplate('app', layout([app]), {
      ...{ description: 'our app', everyone: true },
    })
    expect(imported).toMatchObject({
      ...{ name: 'app', description: 'our app' },
      image: { user: 'web', cmd: ['/bin/sh'], labels: { 'org.opencontainers.image.title': 'App' } },
    })
    const sandbox = await tenant.sandboxes.create({ template: 'app', limits })
    const { stdout } = await sandbox.exec('echo $GREETING $HOME; /bin/busybox id -u')
    expect(stdout).toBe('hello /srv\n33\n')
    // A fork is of the same image.
    const [fork] = await sandbox.fork()
    expect((await fork?.exec('/bin/busybox id -un'))?.stdout).toBe('web\n')
    expect((await tenant.templates()).find(({ name }) => name === 'app')?.image?.user).toBe('web')
    await expect(operator.runs.create({ command: 'true', template: 'app' })).rejects.toThrow(
      'is an imported image',
    )
    await expect(operator.deleteTemplate('app', { everyone: true })).rejects.toThrow(sandbox.id)
    await sandbox.delete()
    await fork?.delete()
  })

  it('is no matter of others, of recipes, or of what is no image', async () => {
    await expect(tenant.importTemplate('app', layout([app]), { everyone: true })).rejects.toBeInstanceOf(
      Forbidden,
    )
    await expect(tenant.deleteTemplate('app', { everyone: true })).rejects.toBeInstanceOf(Forbidden)
    await expect(operator.importTemplate('base', layout([app]), { everyone: true })).rejects.toBeInstanceOf(
      Conflict,
    )
    await expect(operator.deleteTemplate('base', { everyone: true })).rejects.toBeInstanceOf(Conflict)
    const refused = operator.importTemplate('other', Buffer.from('no tar'.repeat(100)), { everyone: true })
    await expect(refused).rejects.toBeInstanceOf(InvalidRequest)
    await expect(refused).rejects.toThrow(/the image cannot be used: the archive cannot be read/)
    expect((await tenant.templates()).map(({ name }) => name)).not.toContain('other')
  })

  it('comes and goes on the command line, compressed too', async () => {
    const work = mkdtempSync('/var/tmp/cloche-import-')
    try {
      const archive = join(work, 'app.tar.gz')
      writeFileSync(
        archive,
        execFileSync('gzip', ['-c'], { input: dockerSave(app, 'shop/app:2'), maxBuffer: 2 ** 26 }),
      )
      expect(cli('template', 'import', archive, '--name', 'shop', '--everyone')).toMatch(
        /^shop sha256:[0-9a-f]{64}\n$/,
      )
      const sandbox = await tenant.sandboxes.create({ template: 'shop', limits })
      expect((await sandbox.exec('echo $GREETING')).stdout).toBe('hello\n')
      expect(() => cli('template', 'rm', 'shop', '--everyone')).toThrow(sandbox.id)
      await sandbox.delete()
      cli('template', 'rm', 'shop', '--everyone')
      await expect.poll(async () => (await tenant.templates()).map(({ name }) => name)).not.toContain('shop')
      await expect(tenant.sandboxes.create({ template: 'shop', limits })).rejects.toThrow('template')
    } finally {
      rmSync(work, { recursive: true })
    }
  })
})

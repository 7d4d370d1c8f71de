import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { claimOf, type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const service = {
  ...{ wanted: true, user: 'user', restart: 'no' },
  command: ['python3', '-m', 'http.server', '4711', '--directory', '/etc'],
}
const reach = (host: string) => `python3 -c '
import urllib.request, time
for tries in range(50):
  try: print(urllib.request.urlopen("http://${host}:4711/hostname", timeout=2).read().decode().strip()); break
  except OSError: time.sleep(0.1)
else: print("nobody")'`
const once = (host: string) => reach(host).replace('range(50)', 'range(1)')

describe('the members of a stack', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const [tenantId, id] = [newId('tn'), newId('sk')]
  let web: RuntimeSandbox
  let db: RuntimeSandbox
  const join = (name: string, over: object = {}) =>
    cloche.claim({
      tenantId,
      hostname: name,
      service,
      stack: { id, networks: ['default'], names: [name] },
      ...over,
    })
  const said = async ({ id: sandbox }: RuntimeSandbox, command: string) =>
    (await cloche.exec(sandbox, command)).stdout.trim()
  /** The names that it has for others. */
  const known = async (of: RuntimeSandbox) =>
    (await said(of, 'cut -f2 /etc/hosts')).split('\n').filter((name) => !/localhost/.test(name))

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
    web = await join('web')
    db = await join('db')
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('know one another by their names, and nobody can change what names stand for', async () => {
    expect(await known(web)).toEqual(['web', 'db'])
    expect(await known(db)).toEqual(['db', 'web'])
    expect(await said(web, reach('db'))).not.toBe('nobody')
    const written = await cloche.exec(web.id, 'echo 1.2.3.4 db >>/etc/hosts', { user: 'root' })
    expect(written.exit?.exitCode).not.toBe(0)
  })

  it('are still reached when the runtime is killed, by connections that were open too', async () => {
    const follow = `python3 -c '
import socket, time
line = socket.create_connection(("db", 4711)); print("open", flush=True)
while not __import__("os").path.exists("/tmp/go"): time.sleep(0.05)
line.sendall(b"GET /hostname HTTP/1.0\\r\\n\\r\\n"); print(line.recv(15).decode())'`
    const started = await cloche.call('POST', `/sandboxes/${web.id}/processes`, {
      command: `${follow} >/tmp/heard 2>&1`,
    })
    expect(started.status).toBe(201)
    for (let tries = 0; tries < 100 && (await said(web, 'cat /tmp/heard')) !== 'open'; tries++);
    await cloche.restart()
    expect(await said(web, reach('db'))).not.toBe('nobody')
    await cloche.exec(web.id, 'touch /tmp/go')
    for (let tries = 0; tries < 100 && !(await said(web, 'cat /tmp/heard')).includes('200'); tries++);
    expect(await said(web, 'cat /tmp/heard')).toBe('open\nHTTP/1.0 200 OK')
  })

  it('come and go: one that is stopped keeps its name, one that is deleted does not', async () => {
    await cloche.call('POST', `/sandboxes/${db.id}/stop`, { graceSeconds: 0 })
    expect(await known(web)).toEqual(['web', 'db'])
    expect(await said(web, once('db'))).toBe('nobody')
    await cloche.call('POST', `/sandboxes/${db.id}/start`)
    expect(await said(web, reach('db'))).not.toBe('nobody')
    expect(await said(db, reach('web'))).not.toBe('nobody')
    const cache = await join('cache')
    expect(await known(web)).toEqual(['web', 'db', 'cache'])
    await cloche.call('DELETE', `/sandboxes/${cache.id}`)
    expect(await known(web)).toEqual(['web', 'db'])
  })

  it.each([
    ['an allowlist', { allow: ['mirror.example.org'] }],
    ['no network', 'none'],
  ])('reach one another with %s', async (_, network) => {
    const shut = await join('shut', { network })
    expect(await said(shut, reach('db'))).not.toBe('nobody')
    expect(await said(db, reach('shut'))).not.toBe('nobody')
    await cloche.restart()
    expect(await said(shut, reach('db'))).not.toBe('nobody')
    expect(await said(shut, once('198.51.100.1'))).toBe('nobody')
    await cloche.call('DELETE', `/sandboxes/${shut.id}`)
  })

  it('have standard isolation', async () => {
    const claim = claimOf({
      tenantId,
      isolation: 'hardened',
      stack: { id, networks: ['default'], names: ['none'] },
    })
    expect((await cloche.call('PUT', `/sandboxes/${newId('sb')}`, claim)).status).not.toBe(201)
  })
})

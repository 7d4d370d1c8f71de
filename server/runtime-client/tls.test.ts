import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import {
  claim,
  encodeFrame,
  FrameDecoder,
  frameType,
  nodeProtocol,
  nodeProtocolHeader,
} from '../../protocol/node/index.js'
import { createApp } from '../../runtime/http/app.js'
import { listenOnTls } from '../../runtime/http/tls.js'
import { setns } from '../../runtime/linux/libc.js'
import { run } from '../../runtime/linux/spawn.js'
import { claimOf, type Instance, lonelyNamespace, startInstance } from '../../runtime/testing/instance.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { certifyNode, certifyServer } from '../../supervisor/certificates/authority.js'
import { type KeyPair, makeKeyPair } from '../../supervisor/certificates/openssl.js'
import { collect } from '../sandboxes/exec.js'
import { openPool } from './address.js'
import { call } from './call.js'
import { RuntimeClient } from './client.js'

const [node, server] = ['192.0.2.1', '192.0.2.2']
const port = 7443
const url = `https://${node}:${port}`
const newNetwork = 0x40000000
const mib = 1024 ** 2
const never = new AbortController().signal
const log = pino({ level: 'silent' })

/** Two machines: the node in one network namespace, this test in another, and a link between them. */
describe('a node on another machine', { timeout: 60_000 }, () => {
  let directory: string
  let away: AsyncDisposable
  let here: AsyncDisposable
  let instance: Instance
  let client: RuntimeClient
  let servers: KeyPair
  let ca: string
  const home = openSync('/proc/thread-self/ns/net', 'r')

  const addressOf = (pair: KeyPair, authority = ca) => ({
    ...{ url, ca: readFileSync(authority, 'utf8') },
    ...{ cert: readFileSync(pair.cert, 'utf8'), key: readFileSync(pair.key, 'utf8') },
  })
  /** Sandboxes as the node itself knows them. */
  const sandboxes = async () => (await instance.call('GET', '/sandboxes')).text

  beforeAll(async () => {
    directory = mkdtempSync('/tmp/certificates-')
    servers = await certifyServer(join(directory, 'own'))
    ca = join(directory, 'own', 'ca.pem')
    const own = await certifyNode(join(directory, 'own'), [node, 'node.test'])
    away = await lonelyNamespace()
    here = await lonelyNamespace(`${testInstance}c`)
    await run('ip', ['-batch', '-'], {
      input: `link add tls0 netns ${testInstance} type veth peer name tls1 netns ${testInstance}c\n`,
    })
    for (const [namespace, link, address] of [
      [testInstance, 'tls0', node],
      [`${testInstance}c`, 'tls1', server],
    ]) {
      await run('ip', ['-n', namespace ?? '', '-batch', '-'], {
        input: `addr add ${address}/24 dev ${link}\nlink set ${link} up\n`,
      })
    }
    instance = await startInstance(testInstance, {
      env: {
        CLOCHE_NODE_LISTEN: `${node}:${port}`,
        ...{ CLOCHE_NODE_TLS_CA: ca, CLOCHE_NODE_TLS_CERT: own.cert, CLOCHE_NODE_TLS_KEY: own.key },
      },
    })
    setns(openSync(`/run/netns/${testInstance}c`, 'r'), newNetwork)
    client = new RuntimeClient(addressOf(servers))
  }, 120_000)
  afterAll(async () => {
    setns(home, newNetwork)
    client?.[Symbol.dispose]()
    await instance?.[Symbol.asyncDispose]()
    await here?.[Symbol.asyncDispose]()
    await away?.[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  describe('answers over TLS', () => {
    let id: string
    beforeAll(async () => {
      id = newId('sb')
      const limits = { cpus: 1, memoryMiB: 128, diskMiB: 256, pids: 64 }
      await client.claim(id, claim.parse(claimOf({ limits })))
    })

    it('calls, and says which protocol it speaks', async () => {
      expect(await client.node()).toMatchObject({ protocol: nodeProtocol, problems: [] })
      expect((await client.list()).map((one) => one.id)).toContain(id)
      await expect(client.get(newId('sb'))).rejects.toMatchObject({ code: 'not_found' })
    })

    it('commands, whose output comes while they run', async () => {
      const wanted = { command: 'echo begun; read x; cat /etc/hostname', stdin: 'x\n', timeoutMs: 20_000 }
      const stream = await client.exec(id, { ...wanted, user: 'user', encoding: 'utf8', env: {} }, never)
      const { stdout, exitCode } = await collect(stream, 'utf8')
      expect([stdout.split('\n')[0], exitCode]).toEqual(['begun', 0])
    })

    it('terminals', async () => {
      const opened = await client.openTerminal(id, { cols: 80, rows: 24, env: {}, user: 'user' })
      const line = await client.attach(id, opened.id, undefined)
      line.on('error', () => line.destroy())
      const decoder = new FrameDecoder()
      let seen = ''
      const said = new Promise<void>((resolve) => {
        line.on('data', (chunk: Buffer) => {
          for (const { type, payload } of decoder.push(chunk)) if (type === frameType.stdout) seen += payload
          if (seen.includes('said 42')) resolve()
        })
      })
      line.write(encodeFrame(frameType.stdin, Buffer.from('echo said $((6*7))\n')))
      await said
      const closed = new Promise((resolve) => line.once('close', resolve))
      await client.closeTerminal(id, opened.id)
      await closed
      await expect(client.attach(id, 'tm_gone', undefined)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('archives of many megabytes, both ways, no faster than they are read', async () => {
      const content = Buffer.alloc(mib, 'x')
      const long = Readable.from(Array.from({ length: 100 }, () => content))
      expect(await client.send('PUT', `/sandboxes/${id}/files`, { path: 'big' }, long)).toMatchObject({
        ...{ status: 201, body: { sizeBytes: 100 * mib } },
      })
      const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(statusFile, 'utf8'))?.[1]) / 1024
      const statusFile = `/proc/${instance.pids.runtime}/status`
      const before = memory()
      const archive = await client.stream('GET', `/sandboxes/${id}/archive`, { path: '.' })
      await sleep(1000)
      expect(memory() - before).toBeLessThan(60)
      let bytes = 0
      for await (const chunk of archive) bytes += chunk.length
      expect(bytes).toBeGreaterThan(100 * mib)
    })

    it('again after it was killed while calls were under way, and tells what may have happened', async () => {
      const stream = await client.exec(
        id,
        { command: 'sleep 60', timeoutMs: 60_000, user: 'user', encoding: 'utf8', env: {} },
        never,
      )
      const lost = collect(stream, 'utf8').catch((error: unknown) => error)
      const stopped = instance.pids.runtime
      process.kill(stopped, 'SIGSTOP')
      const asked = client.act(id, 'pause').catch((error: unknown) => error)
      const looked = client.get(id).catch((error: unknown) => error)
      await sleep(200)
      await instance.restart()
      expect(await lost).toMatchObject({ code: 'runtime_unavailable' })
      expect(await asked).toMatchObject({ code: 'runtime_unavailable', heard: true })
      expect(await looked).toMatchObject({ code: 'runtime_unavailable' })
      expect(await client.get(id)).toMatchObject({ id, state: 'running' })
    })

    it('nothing while it stands still, and the call is given up at its deadline', async () => {
      const pool = openPool(addressOf(servers))
      const wanted = { method: 'GET', path: '/node', deadlines: { headMs: 300, silenceMs: 300 } } as const
      expect(await call(pool, { ...wanted, deadlines: { headMs: 10_000, silenceMs: 10_000 } })).toMatchObject(
        { status: 200 },
      )
      await sleep(50) // until the connection is free again
      process.kill(instance.pids.runtime, 'SIGSTOP')
      try {
        await expect(call(pool, wanted)).rejects.toMatchObject({
          ...{ code: 'runtime_unavailable', message: expect.stringContaining('no answer in time') },
        })
      } finally {
        process.kill(instance.pids.runtime, 'SIGCONT')
        await pool.destroy()
      }
      expect(await client.get(id)).toMatchObject({ id })
    })
  })

  describe('lets nothing through', () => {
    /** A call that would leave a trace. */
    const attempt = async (pair: KeyPair, authority?: string) => {
      using stranger = new RuntimeClient(addressOf(pair, authority))
      const id = newId('sb')
      await expect(stranger.claim(id, claim.parse(claimOf()))).rejects.toMatchObject({
        code: 'runtime_unavailable',
      })
      await expect(stranger.health()).rejects.toMatchObject({ code: 'runtime_unavailable' })
      expect(await sandboxes()).not.toContain(id)
    }
    const ask = (options: object) =>
      new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const to = { host: node, port, path: '/sandboxes', ca: readFileSync(ca), agent: false, ...options }
        const outgoing = request(to, async (answer) => {
          let text = ''
          for await (const chunk of answer) text += chunk
          resolve({ status: answer.statusCode, text })
        })
        outgoing.once('error', reject).end()
      })
    const own = () => ({ cert: readFileSync(servers.cert), key: readFileSync(servers.key) })

    it('without a certificate', async () => {
      await expect(ask({})).rejects.toThrow()
    })

    it('with a certificate of another authority', async () => {
      await attempt(await certifyServer(join(directory, 'foreign')))
    })

    it('with one that is over', async () => {
      const expired = join(directory, 'expired')
      await run('cp', ['-a', join(directory, 'own'), expired])
      const pair = await certifyServer(expired, 0)
      await sleep(1100)
      await attempt(pair)
    })

    it("with another node's own, nor with one that this authority made for something else", async () => {
      await attempt(await certifyNode(join(directory, 'own'), ['other.test']))
      const other = { cert: join(directory, 'other.pem'), key: join(directory, 'other.key') }
      const extensions = ['extendedKeyUsage = clientAuth', 'subjectAltName = DNS:mail.test']
      const authority = { cert: ca, key: join(directory, 'own', 'ca.key') }
      await makeKeyPair(other, { commonName: 'mail.test', extensions, days: 1 }, authority)
      await attempt(other)
    })

    it('over TLS 1.2, or in plain HTTP', async () => {
      await expect(ask({ ...own(), maxVersion: 'TLSv1.2' })).rejects.toThrow()
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(port, node, () =>
          socket.write('GET /healthz HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n'),
        )
        let text = ''
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1')
        })
        socket.on('error', () => {}).once('close', () => resolve(text))
      })
      expect(answer).not.toContain('HTTP/')
      expect(answer).not.toContain('ok')
    })

    it('of a server that speaks another version of the protocol, and says who is to be upgraded', async () => {
      const speaking = (version?: string) =>
        ask({ ...own(), ...(version === undefined ? {} : { headers: { [nodeProtocolHeader]: version } }) })
      expect(await speaking(String(nodeProtocol))).toMatchObject({ status: 200 })
      const newer = await speaking(String(nodeProtocol + 1))
      expect(newer).toMatchObject({
        status: 503,
        text: expect.stringContaining('upgrade Cloche on the node'),
      })
      const older = await speaking('0')
      expect(older).toMatchObject({
        status: 503,
        text: expect.stringContaining('upgrade Cloche on the server'),
      })
      expect((await speaking()).status).toBe(503)
      expect(await ask({ ...own(), path: '/node' })).toMatchObject({
        ...{ status: 200, text: expect.stringContaining(`"protocol":${nodeProtocol}`) },
      })
      const nowhere = { path: '/a/call/of/the/future', headers: { [nodeProtocolHeader]: '99' } }
      expect(await ask({ ...own(), ...nowhere })).toMatchObject({ status: 503 })
    })
  })

  it('is not taken for another one: its certificate names it', async () => {
    using wrong = new RuntimeClient({ ...addressOf(servers), serverName: 'other.test' })
    await expect(wrong.health()).rejects.toMatchObject({ code: 'runtime_unavailable', heard: false })
    using right = new RuntimeClient({ ...addressOf(servers), serverName: 'node.test' })
    await right.health()
    // Whoever shows the certificate of a server is no node.
    const answering = { host: server, port, ca, cert: servers.cert, key: servers.key }
    const app = await createApp(
      async (routes) => void routes.get('/healthz', async () => ({ status: 'ok' })),
      log,
    )
    const impostor = await listenOnTls(app, answering, log)
    using client = new RuntimeClient({
      ...{ ...addressOf(servers), url: `https://${server}:${port}`, serverName: 'cloche-server' },
    })
    await expect(client.health()).rejects.toMatchObject({ code: 'runtime_unavailable', heard: false })
    await impostor.close()
  })

  it('takes renewed certificates without being started anew', async () => {
    const renewed = join(directory, 'renewed')
    const first = await certifyNode(renewed, [server], 0)
    const callers = await certifyServer(renewed)
    const app = await createApp(
      async (routes) => void routes.get('/healthz', async () => ({ status: 'ok' })),
      log,
    )
    const answering = { host: server, port: 0, ca: join(renewed, 'ca.pem'), ...first }
    const listener = await listenOnTls(app, answering, log, 50)
    using caller = new RuntimeClient({
      ...{ ...addressOf(callers, answering.ca), url: `https://${server}:${listener.port}` },
    })
    await sleep(1100)
    await expect(caller.health()).rejects.toMatchObject({ code: 'runtime_unavailable', heard: false })
    await certifyNode(renewed, [server])
    await expect
      .poll(
        () =>
          caller.health().then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true)
    await listener.close()
  })

  it('works for its own machine without its address, and says in time that its certificate ends', async () => {
    const problems = async () => JSON.parse((await instance.call('GET', '/node')).text).problems
    const short = await certifyNode(join(directory, 'own'), ['short.test'], 10)
    await instance.restart({ CLOCHE_NODE_TLS_CERT: short.cert, CLOCHE_NODE_TLS_KEY: short.key })
    expect(await problems()).toEqual([expect.stringMatching(/certificate .* ends on \d{4}-/)])
    await instance.restart({ CLOCHE_NODE_LISTEN: '203.0.113.9:7443' })
    expect(await problems()).toEqual([
      expect.stringContaining('cannot reach this node: listen EADDRNOTAVAIL'),
    ])
  })
})

import { execFile, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientToServer, registeredNode, type ServerToClient } from '../../protocol/api/index.js'
import { lonelyNamespace, type Instance as Runtime, startInstance } from '../../runtime/testing/instance.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'

const run = promisify(execFile)
const port = 7443
const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 128, pids: 64 }

/** A server, and a node in a network namespace of its own that it reaches over TLS only. */
describe('a node that a server reaches over TLS', { timeout: 120_000 }, () => {
  let instance: Instance
  let namespace: AsyncDisposable
  let other: Runtime
  let into: Server
  let operator: TestClient
  let ann: TestClient
  let there = ''
  let sandbox = ''

  const file = (name: string) => join(instance.home, 'certificates', name)
  const certificate = (...words: string[]) =>
    run('bin/cloche', ['node', 'certificate', ...words], { env: instance.env })
  /** What a server is told of the node. */
  const addressWith = (pair: string) => {
    const at = into.address()
    const url = `https://127.0.0.1:${typeof at === 'object' ? at?.port : ''}`
    const files = { caFile: file('ca.pem'), certFile: file(`${pair}.pem`), keyFile: file(`${pair}.key`) }
    return { url, ...files, serverName: 'node.test' }
  }
  const add = (pair: string) =>
    operator.call('POST', '/api/v1/admin/nodes', { name: 'far', address: addressWith(pair) })
  const stateOf = async (id: string) =>
    registeredNode
      .array()
      .parse((await operator.call('GET', '/api/v1/admin/nodes')).body.nodes)
      .find((node) => node.id === id)?.state
  const exec = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox}/exec`, { command })).body

  beforeAll(async () => {
    instance = await openInstance('nt', { CLOCHE_POOL_SIZE: '0', CLOCHE_POOL_RUNS: '0' })
    await certificate('--server')
    await certificate('node.test')
    namespace = await lonelyNamespace()
    other = await startInstance(testInstance, {
      env: {
        ...{ CLOCHE_NODE_LISTEN: `127.0.0.1:${port}`, CLOCHE_NODE_TLS_CA: file('ca.pem') },
        CLOCHE_NODE_TLS_CERT: file('node-node.test.pem'),
        CLOCHE_NODE_TLS_KEY: file('node-node.test.key'),
      },
    })
    // Stands for the network between them: its other end is inside the namespace.
    const relay = `const to = require('net').connect(${port}, '127.0.0.1').on('error', () => process.exit())
      process.stdin.pipe(to).pipe(process.stdout)`
    into = createServer((socket) => {
      const args = [`--net=/run/netns/${testInstance}`, process.execPath, '-e', relay]
      const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'ignore'] })
      for (const stream of [child.stdin, child.stdout, socket]) stream.on('error', () => socket.destroy())
      socket.pipe(child.stdin)
      child.stdout.pipe(socket)
      socket.once('close', () => child.kill())
    })
    await new Promise<void>((resolve) => into.listen(0, '127.0.0.1', resolve))
    operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
  }, 300_000)
  afterAll(async () => {
    into?.close()
    await instance?.[Symbol.asyncDispose]()
    await other?.[Symbol.asyncDispose]()
    await namespace?.[Symbol.asyncDispose]()
  })

  it('takes a server with its own certificate, and no other', async () => {
    const foreign = await add('node-node.test')
    expect(foreign).toMatchObject({ status: 503, body: { code: 'runtime_unavailable' } })
    const missing = await add('nothing')
    expect(missing).toMatchObject({ status: 503, body: { detail: expect.stringContaining('nothing.pem') } })
    const added = await add('server')
    expect(added).toMatchObject({ status: 201, body: { name: 'far', state: 'ready', templates: ['base'] } })
    there = added.body.id
  })

  it('has sandboxes with commands, files and terminals as any other', async () => {
    const { body } = await operator.call('GET', '/api/v1/admin/nodes')
    const here = registeredNode
      .array()
      .parse(body.nodes)
      .find((node) => node.id !== there)
    expect((await operator.call('PATCH', `/api/v1/admin/nodes/${here?.id}`, { cordoned: true })).status).toBe(
      200,
    )
    const made = await ann.call('POST', '/api/v1/sandboxes', { limits, network: 'none' })
    expect(made.status).toBe(201)
    sandbox = made.body.id
    expect((await other.call('GET', `/sandboxes/${sandbox}`)).status).toBe(200)
    expect(await exec('echo $((6*7))')).toMatchObject({ stdout: '42\n', exitCode: 0 })
    const path = `/api/v1/sandboxes/${sandbox}/files?path=big`
    expect((await ann.call('PUT', path, 'x'.repeat(20 * 1024 ** 2))).status).toBe(201)
    expect((await ann.call('GET', path)).body).toHaveLength(20 * 1024 ** 2)
    const line: Socket<ServerToClient, ClientToServer> = io(`${instance.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, extraHeaders: { ...ann.extraHeaders } },
    })
    let seen = ''
    line.on('output', (_, __, bytes) => {
      seen += Buffer.from(bytes).toString('latin1')
    })
    const opened = await line.emitWithAck('open', { sandboxId: sandbox, cols: 80, rows: 24 })
    if (!opened.ok) throw new Error(opened.error.message)
    line.emit('input', opened.terminalId, Buffer.from('echo $((6*8))\n'))
    await expect.poll(() => seen, { timeout: 10_000 }).toContain('48')
    line.disconnect()
  })

  it('is found again after it was killed, and its sandbox with it', async () => {
    process.kill(other.pids.runtime, 'SIGKILL')
    await expect.poll(() => stateOf(there), { timeout: 40_000 }).toBe('unreachable')
    await other.relaunch()
    await expect.poll(() => stateOf(there), { timeout: 40_000 }).toMatch(/ready|cordoned/)
    await expect.poll(async () => (await exec('wc -c < big')).stdout, { timeout: 40_000 }).toBe('20971520\n')
  })
})

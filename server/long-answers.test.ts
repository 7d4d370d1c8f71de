import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, type Sandbox } from '../sdk/index.js'
import { type Instance, openInstance } from '../testing/instance.js'
import { type BreakableLine, openProxy } from '../testing/proxy.js'

describe('an answer that takes long', () => {
  let instance: Instance
  /** Closes what is silent for a second. */
  let proxy: BreakableLine
  let cloche: Cloche
  let sandbox: Sandbox

  beforeAll(async () => {
    instance = await openInstance('long', { CLOCHE_HEARTBEAT_SECONDS: '0.3' })
    proxy = await openProxy(instance.url, 1000)
    cloche = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey })
    const direct = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    const { id } = await direct.sandboxes.create({
      limits: { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 },
    })
    sandbox = cloche.sandboxes.at(id)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await instance[Symbol.asyncDispose]()
  })

  const post = (path: string, body: object, headers = {}) =>
    fetch(`${proxy.url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${instance.admin.apiKey}`, 'content-type': 'application/json' },
        ...headers,
      },
      body: JSON.stringify(body),
    })
  const events = { accept: 'text/event-stream' }

  it('of a silent command begins at once, as events', async () => {
    // It ends only when its answer has begun.
    const command = 'until [ -e /tmp/begun ]; do sleep 0.05; done; echo done'
    const answer = await post(`/sandboxes/${sandbox.id}/exec`, { command }, events)
    expect(answer.status).toBe(200)
    await sandbox.exec('touch /tmp/begun')
    const text = await answer.text()
    expect(text).toMatch(/^:\n\n/)
    expect(text).toContain('event: stdout\ndata: {"text":"done\\n"}')
  })

  it('survives a proxy that closes silent connections: of a command, as events and as JSON', async () => {
    const command = 'sleep 3; echo done'
    const [asEvents, asJson, bySdk] = await Promise.all([
      post(`/sandboxes/${sandbox.id}/exec`, { command }, events).then((answer) => answer.text()),
      post(`/sandboxes/${sandbox.id}/exec`, { command }),
      sandbox.exec(command),
    ])
    expect(asEvents).toContain('event: exit')
    expect(asJson.headers.get('content-type')).toContain('application/json')
    expect(await asJson.json()).toMatchObject({ stdout: 'done\n', exitCode: 0, truncated: false })
    expect(bySdk).toMatchObject({ stdout: 'done\n', exitCode: 0 })
  })

  it('survives such a proxy: of a run, while it is silent', async () => {
    const run = await cloche.runs.create({ command: 'sleep 3; echo done' })
    const headers = { authorization: `Bearer ${instance.admin.apiKey}` }
    const answer = await fetch(`${proxy.url}/api/v1/runs/${run.id}/events`, { headers })
    expect(await answer.text()).toContain('event: result')
  })

  it('is a refusal in good order when the command cannot be started', async () => {
    const answer = await post(`/sandboxes/${sandbox.id}/exec`, { command: ['nope'] }, events)
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_request' }])
  })
})

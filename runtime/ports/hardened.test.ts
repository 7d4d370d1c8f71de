import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listeningPorts } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { openPort } from '../testing/port.js'

const program = `
import asyncio
async def serve(reader, writer): await asyncio.sleep(3600)
async def main():
    await asyncio.start_server(serve, '127.0.0.1', 4000)
    await asyncio.start_server(serve, '::1', 6000)
    await asyncio.Event().wait()
asyncio.run(main())`

describe('the ports of a hardened sandbox', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let id: string
  const listed = async (sandbox = id) =>
    listeningPorts.parse(JSON.parse((await instance.call('GET', `/sandboxes/${sandbox}/ports`)).text)).ports
  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { isolation: 'hardened' })
    id = (await instance.claim({ isolation: 'hardened', network: 'none' })).id
    const command = ['python3', '-c', program]
    expect((await instance.call('POST', `/sandboxes/${id}/processes`, { command })).status).toBe(201)
    for (let tries = 0; (await listed()).length < 2; tries++) {
      if (tries > 200) throw new Error('the program does not listen')
      await sleep(100)
    }
  }, 120_000)
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('are listed as a program inside sees them', async () => {
    expect(await listed()).toEqual([
      { port: 4000, address: '127.0.0.1', process: null },
      { port: 6000, address: '::1', process: null },
    ])
  })

  it('are those of this sandbox only, and are not reached', async () => {
    const other = await instance.claim({ isolation: 'hardened', network: 'none' })
    expect(await listed(other.id)).toEqual([])
    expect(await openPort(id, 4000)).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('hardened'),
    })
  })

  it('are listed with nothing but ports, whatever the tenant puts in the place of the program that reads them', async () => {
    const other = await instance.claim({ isolation: 'hardened', network: 'none' })
    const words = '  0: 0100007F:1F90 0:0 0A 0:0 0:0 0 0 0 7 1\\n1: ZZ:99999 0 0A\\n2: 0100007F:FFFFF 0 0A\\n'
    const fake = `#!/bin/sh\nprintf '${words}'\nexec yes\n`
    const made = await instance.exec(other.id, `printf '%s' "$FAKE" > /bin/cat`, {
      user: 'root',
      env: { FAKE: fake },
    })
    expect(made).toMatchObject({ status: 200, exit: { exitCode: 0 } })
    expect(await listed(other.id)).toEqual([{ port: 8080, address: '127.0.0.1', process: null }])
  })

  it('are none while the sandbox is paused, or when it is stopped', async () => {
    for (const act of ['pause', 'stop']) {
      expect((await instance.call('POST', `/sandboxes/${id}/${act}`)).status).toBe(200)
      expect(await listed()).toEqual([])
      expect(await openPort(id, 4000)).toMatchObject({ code: 'sandbox_not_running' })
    }
  })
})

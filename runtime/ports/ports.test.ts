import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { listeningPorts, maxPortLines } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { openPort } from '../testing/port.js'
import { listeningSocket } from './listening.js'

/**
 * A program that answers each connection with what it was sent, and then with its own number. It has one thread: those of
 * hundreds of connections would need more memory than its sandbox has.
 */
const echo = (address: string, port: number) => `
import asyncio
async def serve(reader, writer):
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()
    writer.write(b' from ${port}')
    writer.close()
async def main():
    await (await asyncio.start_server(serve, '${address}', ${port}, backlog=512)).serve_forever()
asyncio.run(main())`

describe('the ports of a sandbox', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let id: string
  const tenantId = newId('tn')

  const connect = (port: number, sandbox = id) => openPort(sandbox, port)
  const line = async (port: number) => {
    const made = await connect(port)
    if ('code' in made) throw new Error(made.message)
    return made
  }
  /** While others are ending, which takes them a moment. */
  const lineWhenFree = async () => {
    for (let tries = 0; tries < 400; tries++) {
      const made = await connect(4000)
      if (!('code' in made)) return made
      if (made.code !== 'rate_limited') throw new Error(made.message)
      await sleep(50)
    }
    throw new Error('connections that ended are still counted')
  }
  const listed = async () =>
    listeningPorts.parse(JSON.parse((await instance.call('GET', `/sandboxes/${id}/ports`)).text)).ports
  const start = async (script: string) => {
    const answer = await instance.call('POST', `/sandboxes/${id}/processes`, {
      command: ['python3', '-c', script],
    })
    expect(answer.status, answer.text).toBe(201)
  }
  const listens = async (port: number) => {
    for (let tries = 0; !(await listed()).some((one) => one.port === port); tries++) {
      if (tries > 200) throw new Error(`nothing listens on ${port}`)
      await sleep(25)
    }
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    id = (await instance.claim({ tenantId, limits: { cpus: 1, memoryMiB: 256, diskMiB: 64, pids: 512 } })).id
    await start(echo('127.0.0.1', 4000))
    await start(echo('::1', 6000))
    await listens(4000)
    await listens(6000)
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('are listed with the names of the programs', async () => {
    expect(await listed()).toEqual([
      { port: 4000, address: '127.0.0.1', process: 'python3' },
      { port: 6000, address: '::1', process: 'python3' },
    ])
    const any = '1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 4711 1'
    expect(listeningSocket(any)).toEqual({ port: 8080, address: '0.0.0.0', inode: '4711' })
    expect(listeningSocket(any.replace(' 0A ', ' 01 '))).toBeUndefined()
  })

  it.each([4000, 6000])('are reached on loopback of IPv4 and IPv6: %i', async (port) => {
    const one = await line(port)
    one.end('hello')
    expect(await text(one)).toBe(`hello from ${port}`)
  })

  it('pass megabytes both ways, to a reader that is slow as well', async () => {
    const one = await line(4000)
    const sent = Buffer.alloc(8 * 1024 * 1024, 'abcdefg')
    one.end(sent)
    await sleep(200)
    const received = await buffer(one)
    expect(received.subarray(0, sent.length).equals(sent)).toBe(true)
    expect(received.subarray(sent.length).toString()).toBe(' from 4000')
  })

  it('lead to nothing of the host or of another sandbox', async () => {
    const other = await instance.claim()
    expect(await connect(4000, other.id)).toMatchObject({ code: 'port_unreachable' })
    const host = createServer((socket) => socket.end('the host'))
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
    const address = host.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await connect(port)).toMatchObject({ code: 'port_unreachable' })
    host.close()
    const own = readlinkSync(`/proc/${instance.pids.runtime}/task/${instance.pids.runtime}/ns/net`)
    expect(own).toBe(readlinkSync(`/proc/${instance.pids.runtime}/ns/net`))
  })

  it('are refused with what is wrong', async () => {
    expect(await connect(1)).toMatchObject({
      code: 'port_unreachable',
      message: expect.stringContaining('port 1 '),
    })
    expect(await connect(0)).toMatchObject({ code: 'invalid_request' })
    expect(await connect(65_536)).toMatchObject({ code: 'invalid_request' })
    expect(await connect(4000, 'sb_nothing')).toMatchObject({ code: 'not_found' })
    const { status } = await instance.call('GET', `/sandboxes/${id}/ports/4000/connect`)
    expect(status).toBe(400)
  })

  it('end when their sandbox is paused, or its tenant', async () => {
    for (const path of [`/sandboxes/${id}`, `/tenants/${tenantId}`]) {
      const one = await line(4000)
      const ended = new Promise((resolve) => one.once('close', resolve))
      one.on('error', () => {}).resume()
      expect((await instance.call('POST', `${path}/pause`)).status).toBe(200)
      await ended
      expect(await connect(4000)).toMatchObject({ code: 'sandbox_not_running' })
      expect((await instance.call('POST', `${path}/resume`)).status).toBe(200)
      const again = await line(4000)
      again.end('hello')
      expect(await text(again)).toBe('hello from 4000')
    }
  })

  it('have a bounded number of connections, which ends with each', async () => {
    const open = await Promise.all(Array.from({ length: maxPortLines }, () => line(4000)))
    expect(await connect(4000)).toMatchObject({ code: 'rate_limited' })
    for (const one of open) one.destroy()
    const again = await lineWhenFree()
    again.destroy()
  })

  it('end with their program, and keep nothing of a sandbox that is stopped', async () => {
    const one = await lineWhenFree()
    const ended = new Promise((resolve) => one.once('close', resolve))
    one.on('error', () => {}).resume()
    expect((await instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })).status).toBe(200)
    await ended
    expect(await listed()).toEqual([])
    expect(await connect(4000)).toMatchObject({ code: 'sandbox_not_running' })
  })
})

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { terminal } from '../../protocol/api/index.js'
import { FrameDecoder, frameType } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const listed = z.object({ terminals: z.array(terminal) })

describe.each(['standard', 'hardened'] as const)('terminals of a %s sandbox that is stopped', (isolation) => {
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { isolation })
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const act = async (id: string, what: string, body?: object) =>
    expect((await instance.call('POST', `/sandboxes/${id}/${what}`, body)).status).toBe(200)
  const list = async (id: string) =>
    listed.parse(JSON.parse((await instance.call('GET', `/sandboxes/${id}/terminals`)).text)).terminals
  const open = async (id: string, command: string) => {
    const { text } = await instance.call('POST', `/sandboxes/${id}/terminals`, {
      ...{ cols: 90, rows: 20, command: ['sh', '-c', command] },
    })
    return terminal.parse(JSON.parse(text)).id
  }
  /** What somebody who joins is shown, and how it ended. */
  const joined = async (id: string, terminalId: string) => {
    const bytes = await lineBytes(`/sandboxes/${id}/terminals/${terminalId}/attach`)
    const frames = new FrameDecoder().push(bytes)
    const of = (type: number) => frames.find((frame) => frame.type === type)?.payload.toString() ?? ''
    return {
      place: JSON.parse(of(frameType.attached) || 'null'),
      screen: of(frameType.screen),
      exit: JSON.parse(of(frameType.exit) || 'null'),
    }
  }
  const written = (id: string, terminalId: string, seq: number) =>
    expect
      .poll(async () => (await list(id)).find((one) => one.id === terminalId)?.seq ?? 0, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(seq)
  const records = () => join(instance.home, 'boxes')
  const keptFiles = () =>
    readdirSync(records()).flatMap((name) => {
      const directory = join(records(), name, 'terminals')
      return existsSync(directory) ? readdirSync(directory).map((file) => join(directory, file)) : []
    })

  it('are kept with their scrollback, also when it was paused, until they are closed', async () => {
    const { id } = await instance.claim({ isolation })
    const long = await open(id, 'seq -f "line %g" 200; exec sleep 1000')
    const left = await open(id, 'echo over; exit 3')
    await written(id, long, 1500)
    await written(id, left, 6)
    await expect.poll(async () => (await list(id)).find((one) => one.id === left)?.exit).not.toBeNull()
    await act(id, 'pause')
    await act(id, 'stop', { graceSeconds: 1 })

    const [kept, ...others] = await list(id)
    expect(others).toEqual([])
    expect(kept).toMatchObject({ id: long, cols: 90, rows: 20 })
    expect(Date.parse(kept?.stoppedAt ?? '')).toBeGreaterThan(Date.now() - 60_000)
    for (const state of ['stopped', 'running'] as const) {
      if (state === 'running') await act(id, 'start')
      const { place, screen, exit } = await joined(id, long)
      expect(place).toMatchObject({ cols: 90, rows: 20, screen: true })
      expect(screen).toMatch(/line 1\r\n/)
      expect(screen).toMatch(/line 200/)
      expect(exit).toEqual(kept?.exit)
    }
    // For the runtime only, and nothing of it inside.
    const [file = ''] = keptFiles()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await instance.exec(id, `find / -xdev -name '${long}*' 2>/dev/null`)).stdout).toBe('')

    const fresh = await open(id, 'exec sleep 1000')
    expect((await list(id)).map((one) => [one.id, one.stoppedAt === null])).toEqual([
      [long, false],
      [fresh, true],
    ])
    await act(id, 'stop', { graceSeconds: 0 })
    expect((await list(id)).map((one) => one.id)).toEqual([long, fresh])
    expect((await joined(id, fresh)).exit).toEqual({ exitCode: null, signal: 'SIGKILL' })
    expect((await instance.call('DELETE', `/sandboxes/${id}/terminals/${long}`)).status).toBe(204)
    expect((await list(id)).map((one) => one.id)).toEqual([fresh])
    expect((await instance.call('DELETE', `/sandboxes/${id}/terminals/${long}`)).status).toBe(404)

    await instance.restart()
    expect((await list(id)).map((one) => one.id)).toEqual([fresh])
    await instance.call('DELETE', `/sandboxes/${id}`)
    expect(keptFiles()).toEqual([])
  })

  it('take a bounded place, the latest first', async () => {
    const { id } = await instance.claim({ isolation })
    const ids: string[] = []
    for (let round = 0; round < 3; round++) {
      if (round > 0) await act(id, 'start')
      for (let at = 0; at < 7; at++) ids.push(await open(id, 'exec sleep 1000'))
      await act(id, 'stop', { graceSeconds: 0 })
    }
    expect((await list(id)).map((one) => one.id)).toEqual(ids.slice(-16))
    await act(id, 'start')
    // A colour for each character: more than is kept of one, and together more than is kept of all.
    const colours = `awk 'BEGIN { for (i = 0; i < 90000; i++) printf "\\033[38;2;%d;%d;%dmx", i % 256, i % 199, i % 97; print "end" }'`
    const whole = Number((await instance.exec(id, `${colours} | wc -c`)).stdout)
    for (let at = 0; at < 6; at++) {
      const heavy = await open(id, `${colours}; exec sleep 1000`)
      await written(id, heavy, whole)
      ids.push(heavy)
    }
    await act(id, 'stop', { graceSeconds: 0 })
    const kept = await list(id)
    expect(kept.at(-1)?.id).toBe(ids.at(-1))
    const bytes = keptFiles().reduce((sum, file) => sum + readFileSync(file).length, 0)
    expect(bytes).toBeLessThan(1.2 * 1024 ** 2)
    const { screen } = await joined(id, ids.at(-1) ?? '')
    expect(screen.length).toBeLessThanOrEqual(256 * 1024)
    expect(screen.includes('end')).toBe(true)
    await instance.call('DELETE', `/sandboxes/${id}`)
  })
})

/** All that comes on a line until it ends. */
function lineBytes(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socketPath = `/run/cloche/${testInstance}/runtime.sock`
    const headers = { connection: 'Upgrade', upgrade: 'cloche-process' }
    const asked = request({ socketPath, path, headers, agent: false })
    asked
      .once('error', reject)
      .once('response', ({ statusCode }) => reject(new Error(`status ${statusCode}`)))
    asked.once('upgrade', (_, line, head) => {
      const chunks = [head]
      line.on('data', (chunk) => chunks.push(chunk)).once('error', reject)
      line.once('end', () => {
        line.destroy()
        resolve(Buffer.concat(chunks))
      })
    })
    asked.end()
  })
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

/** Writes into a file when it is asked to end, after a moment of work. */
const handler = (file: string) =>
  `sh -c 'trap "sleep 0.3; echo bye >${file}; sync; exit 0" TERM; echo up >${file}; while :; do sleep 0.05; done'`
/** Ignores whatever can be ignored. */
const stubborn = `sh -c 'trap "" TERM HUP INT; echo up >stubborn; while :; do sleep 0.05; done'`

describe.each(['standard', 'hardened'] as const)('a %s sandbox that is stopped', (isolation) => {
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

  const claim = async () => (await instance.claim({ isolation })).id
  const act = async (id: string, what: string, body?: object) => {
    const answer = await instance.call('POST', `/sandboxes/${id}/${what}`, body)
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
  }
  const sees = async (id: string, file: string, content: string) => {
    for (let tries = 0; ; tries++) {
      const { stdout } = await instance.exec(id, `cat ${file}`)
      if (stdout === content || tries > 200) return expect(stdout).toBe(content)
      await sleep(25)
    }
  }
  /** Starts something in the background that has written "up" into a file. */
  const inBackground = async (id: string, script: string, file: string) => {
    await instance.exec(id, `${script} >/dev/null 2>&1 &`)
    await sees(id, file, 'up\n')
  }

  it('lets its processes end in good order, also when it was paused, and keeps what they wrote', async () => {
    const id = await claim()
    for (const paused of [false, true]) {
      await inBackground(id, handler('file'), 'file')
      if (paused) await act(id, 'pause')
      await act(id, 'stop', { graceSeconds: 60 })
      await act(id, 'start')
      expect((await instance.exec(id, 'cat file')).stdout).toBe('bye\n')
    }
  })

  it('kills what does not end within the grace', async () => {
    const id = await claim()
    await inBackground(id, stubborn, 'stubborn')
    await act(id, 'stop', { graceSeconds: 0.5 })
    await act(id, 'start')
    expect((await instance.exec(id, ['pgrep', '-c', '-f', 'stubborn'])).stdout).toBe('0\n')
  })

  it('can be hurried, by another stop and by its deletion, and starts nothing meanwhile', async () => {
    const id = await claim()
    for (const hurry of ['stop', 'delete']) {
      await inBackground(id, stubborn, 'stubborn')
      const stopping = instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 60 })
      await expect.poll(async () => (await instance.exec(id, 'true')).status).toBe(409)
      if (hurry === 'delete') expect((await instance.call('DELETE', `/sandboxes/${id}`)).status).toBe(204)
      else await act(id, 'stop', { graceSeconds: 0 })
      expect((await stopping).status).toBe(200)
      if (hurry === 'stop') await act(id, 'start')
    }
  })

  it('can be hurried while an earlier stop has yet to begin', async () => {
    const id = await claim()
    await inBackground(id, stubborn, 'stubborn')
    const slow = instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 60 })
    const quick = Array.from({ length: 3 }, () =>
      instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 }),
    )
    for (const { status } of await Promise.all([slow, ...quick])) expect(status).toBe(200)
    // What was wanted of that stop is not wanted of the next.
    await act(id, 'start')
    await inBackground(id, handler('later'), 'later')
    await act(id, 'stop', { graceSeconds: 60 })
    await act(id, 'start')
    expect((await instance.exec(id, 'cat later')).stdout).toBe('bye\n')
  })

  it('saves the history of its shells, and lets what they run end first', async () => {
    const id = await claim()
    using idle = await instance.openTerminal(id)
    using busy = await instance.openTerminal(id)
    idle.type('echo remem""ber-$((40 + 2))\n')
    await idle.sees('remember-42')
    busy.type(`${handler('inside')}\n`)
    await sees(id, 'inside', 'up\n')
    await act(id, 'stop', { graceSeconds: 60 })
    await act(id, 'start')
    expect((await instance.exec(id, 'cat .bash_history')).stdout).toContain('echo remem""ber-$((40 + 2))')
    expect((await instance.exec(id, 'cat inside')).stdout).toBe('bye\n')
  })

  it('refuses a grace that is too long', async () => {
    const id = await claim()
    const refused = await instance.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 61 })
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('graceSeconds')])
  })

  it('ends in good order at a shutdown of the node, like all others', async () => {
    const ids = [await claim(), await claim()]
    for (const id of ids) await inBackground(id, handler('file'), 'file')
    const boxes = ids.map((id) => instance.recordOf(id).id)
    expect((await instance.call('POST', '/shutdown')).status).toBe(204)
    for (const sandbox of boxes) {
      const file = join(instance.disk, 'sandboxes', sandbox, 'upper', 'home', 'user', 'file')
      expect(readFileSync(file, 'utf8')).toBe('bye\n')
    }
  })
})

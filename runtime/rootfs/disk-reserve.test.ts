import { execFile } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, node } from '../../protocol/api/index.js'
import {
  claimOf,
  type Instance,
  lonelyNamespace,
  refusalOf,
  startInstance,
  testLimits,
} from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const spawn = promisify(execFile)
const gib = 1024 ** 3
const mib = 1024 ** 2

describe('the disk of a node', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const describeNode = async () => node.parse(JSON.parse((await cloche.call('GET', '/node')).text))
  const claim = () => cloche.call('PUT', `/sandboxes/${newId('sb')}`, claimOf())

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('ends a tenant that makes files without end in "quota exceeded", inside only', async () => {
    const [greedy, other] = [
      await cloche.claim({ limits: { ...testLimits, diskMiB: 16 } }),
      await cloche.claim(),
    ]
    const { stdout } = await cloche.exec(
      greedy.id,
      `python3 -c '
import os
n = 0
try:
  while True:
    if n % 1000 == 0: os.mkdir(f"d{n // 1000}")
    os.close(os.open(f"d{n // 1000}/{n}", os.O_CREAT)); n += 1
except OSError as e: print(n, e.strerror)'`,
    )
    expect(stdout).toMatch(/^\d+ Disk quota exceeded\n$/)
    const files = Number(stdout.split(' ')[0])
    // 16 MiB hold some 40,000 empty files: metadata counts like everything else.
    expect(files).toBeGreaterThan(10_000)
    expect(files).toBeLessThan(100_000)
    expect((await cloche.exec(greedy.id, 'rm -rf d*; echo again > file; cat file')).stdout).toBe('again\n')
    expect((await cloche.exec(other.id, 'echo mine > file; cat file')).stdout).toBe('mine\n')
    for (const { id } of [greedy, other]) await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('refuses new sandboxes when the host runs out, before anybody notices, and says why', async () => {
    const sandbox = await cloche.claim()
    const { hostFreeBytes, full } = await describeNode()
    expect(full).toBeNull()
    // Twice this reserve is more than there is; once is not.
    const reserve = { CLOCHE_DISK_RESERVE_GIB: String((hostFreeBytes / gib) * 0.7) }
    await cloche.restart(reserve)
    expect((await describeNode()).full).toMatch(/^the host's disk has \d+ MiB free, less than/)
    const answer = await claim()
    expect(answer.status).toBe(507)
    expect(refusalOf(answer)).toMatchObject({
      code: 'disk_full',
      message: expect.stringContaining('MiB free'),
    })
    expect(
      (await cloche.exec(sandbox.id, 'head -c 4M /dev/urandom > file && sync && echo written')).stdout,
    ).toBe('written\n')
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
  })

  it('keeps its reserve: what would eat it fails inside, at the next write', async () => {
    await cloche.restart()
    const sandbox = await cloche.claim()
    await cloche.exec(sandbox.id, 'echo before > kept; sync')
    const { hostFreeBytes } = await describeNode()
    await cloche.restart({ CLOCHE_DISK_RESERVE_GIB: String(hostFreeBytes / gib + 1) })
    const filled = await cloche.exec(sandbox.id, 'head -c 40M /dev/urandom > more; sync; cat kept')
    expect(filled.stderr).toMatch(/quota exceeded/i)
    expect(filled.stdout).toBe('before\n')
    await cloche.restart()
    const after = await cloche.exec(sandbox.id, 'head -c 8M /dev/urandom > more && sync && echo written')
    expect(after.stdout).toBe('written\n')
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
    expect((await claim()).status).toBe(201)
  })

  it('takes new sandboxes again only when they can write', async () => {
    await cloche.restart()
    const disk = join(cloche.home, 'disk')
    const { bavail, bsize } = statfsSync(disk)
    const filler = join(disk, 'filler')
    await spawn('fallocate', [
      '--length',
      String(Math.floor((bavail * bsize - 300 * mib) / mib) * mib),
      filler,
    ])
    try {
      await expect.poll(async () => (await claim()).status).toBe(507)
      // All sandboxes together are limited to what they hold: every two seconds.
      await sleep(2500)
    } finally {
      await rm(filler, { force: true })
      // What was removed is free from the next commit on.
      await spawn('btrfs', ['filesystem', 'sync', disk])
    }
    // Nothing in the pool is like it.
    const body = claimOf({ limits: { ...testLimits, diskMiB: 65 } })
    const id = newId('sb')
    const refusals = new Set<string>()
    await expect
      .poll(
        async () => {
          const answer = await cloche.call('PUT', `/sandboxes/${id}`, body)
          if (answer.status !== 201) refusals.add(refusalOf(answer).message)
          return answer.status
        },
        { interval: 20 },
      )
      .toBe(201)
    // All of them before anything was made, none by the kernel in the middle.
    for (const message of refusals) expect(message).toContain('MiB free')
    const { stdout } = await cloche.exec(id, 'head -c 8M /dev/urandom > file && sync && echo written')
    expect(stdout).toBe('written\n')
  })
})

import { accessSync, constants, existsSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, node } from '../../protocol/api/index.js'
import { run } from '../linux/spawn.js'
import { claimOf, type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const mib = 1024 ** 2

describe('a node whose host disk others have filled', { timeout: 240_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  let kept: string

  const describeNode = async () => node.parse(JSON.parse((await cloche.call('GET', '/node')).text))
  const claim = () => cloche.call('PUT', `/sandboxes/${newId('sb')}`, claimOf())
  const filler = () => join(cloche.home, 'filler')
  const reserve = () => join(cloche.home, 'reserve')
  const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
    for (let tries = 0; !(await isSo()); tries++) {
      if (tries > 600) throw new Error(`never so: ${what}`)
      await sleep(50)
    }
  }
  /** Takes all that is free on the host's disk, at once, as others may who write there. */
  const fill = async () => {
    const { bavail, bsize } = statfsSync(cloche.home)
    const size = statSync(filler(), { throwIfNoEntry: false })?.size ?? 0
    await run('fallocate', ['--length', String(size + bavail * bsize), filler()]).catch(() => {})
    await run('dd', ['if=/dev/zero', `of=${filler()}`, 'bs=4k', 'oflag=append', 'conv=notrunc']).catch(
      () => {},
    )
  }
  /** What discards have given back of the metadata's space is set aside again every two seconds. */
  const metadataIsBacked = () => sleep(5000)
  const isReadOnly = () => {
    try {
      accessSync(cloche.disk, constants.W_OK)
      return false
    } catch {
      return true
    }
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, {
      ...{ hostMib: 2048, diskGib: 4, poolSize: 1 },
      env: { CLOCHE_DISK_RESERVE_GIB: '0.125' },
    })
    const sandbox = await cloche.claim()
    kept = sandbox.id
    await cloche.exec(kept, 'echo before > kept; sync')
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('keeps a real reserve on that disk', async () => {
    await until('the reserve is taken', () => existsSync(reserve()))
    const { blocks, size } = statSync(reserve())
    expect(size).toBe(128 * mib)
    expect(blocks * 512).toBeGreaterThanOrEqual(size)
  })

  it('gives the reserve up when others fill the disk: what runs goes on, new sandboxes are refused with disk_full', async () => {
    // Nothing is on its way to the disk: what cannot be written at the very moment turns it read-only.
    await run('sync', [])
    await metadataIsBacked()
    await fill()
    await until('the reserve is given up', () => !existsSync(reserve()))
    const refused = await claim()
    expect(refused.status).toBe(507)
    expect(refusalOf(refused)).toMatchObject({
      code: 'disk_full',
      message: expect.stringContaining('MiB free'),
    })
    expect((await cloche.exec(kept, 'sync; cat kept; id -un')).stdout).toBe('before\nuser\n')
    expect(isReadOnly()).toBe(false)
  })

  it('goes on by itself when there is room again, and takes its reserve again', async () => {
    rmSync(filler())
    await until('the reserve is taken', () => existsSync(reserve()))
    await until('a claim succeeds', async () => (await claim()).status === 201)
    expect((await cloche.exec(kept, 'echo more >> kept; sync; cat kept')).stdout).toBe('before\nmore\n')
  })

  it('still reads and executes when the disk has turned read-only, says so, and does not die', async () => {
    const { runtime } = cloche.pids
    await run('sync', [])
    await fill()
    await until('the reserve is given up', () => !existsSync(reserve()))
    await fill()
    // The space that its metadata has keeps the kernel from it; as after an error of the device:
    await run('mount', ['-o', 'remount,ro', cloche.disk])
    await until('it is known', async () => (await describeNode()).full?.includes('read-only') === true)
    const refused = await claim()
    expect(refusalOf(refused)).toMatchObject({
      code: 'disk_full',
      message: expect.stringContaining('read-only'),
    })
    expect((await cloche.exec(kept, 'cat kept; id -un')).stdout).toBe('before\nmore\nuser\n')
    expect(cloche.pids.runtime).toBe(runtime)
    expect(existsSync(`/proc/${runtime}`)).toBe(true)
  })

  it('starts on the read-only disk, and keeps what runs there', async () => {
    await cloche.restart()
    expect((await describeNode()).full).toContain('read-only')
    expect((await cloche.exec(kept, 'cat kept')).stdout).toBe('before\nmore\n')
  })

  it('mounts the disk anew when there is room, and starts again what ran', async () => {
    rmSync(filler())
    expect(await cloche.relaunch()).toBe(75)
    expect(isReadOnly()).toBe(false)
    expect((await describeNode()).full).toBeNull()
    expect((await cloche.exec(kept, 'echo again >> kept && sync && cat kept')).stdout).toBe(
      'before\nmore\nagain\n',
    )
    expect((await claim()).status).toBe(201)
  })

  it('starts on a disk that cannot be mounted, says so, takes nothing for lost, and comes back', async () => {
    const image = join(cloche.home, 'disk.img')
    process.kill(cloche.pids.runtime, 'SIGKILL')
    // Sandboxes still run on it.
    await run('umount', ['--lazy', cloche.disk])
    await run('mv', [image, `${image}.away`])
    await run('truncate', ['--size', '1G', image]) // no file system
    await cloche.restart()
    expect((await describeNode()).full).toContain('cannot be used')
    const answer = await cloche.call('GET', '/sandboxes')
    expect(answer.status).toBe(503)
    expect(refusalOf(answer).code).toBe('runtime_unavailable')
    await run('mv', [`${image}.away`, image])
    await cloche.restart()
    expect((await describeNode()).full).toBeNull()
    expect((await cloche.exec(kept, 'cat kept')).stdout).toBe('before\nmore\nagain\n')
  })
})

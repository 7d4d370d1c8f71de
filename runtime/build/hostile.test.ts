import { randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { file, tar } from '../../testing/images.js'
import { buildsOf, importTiny } from '../testing/builds.js'
import { type Instance, lonelyNamespace, startInstance, testQuota } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('a build of somebody who means harm', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const { build, good, inside, nothingIsLeft } = buildsOf(() => cloche, newId('tn'))

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
    await importTiny(cloche)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  /** Files of builds that the runtime holds open. */
  const openFiles = () => {
    const at = `/proc/${cloche.pids.runtime}/fd`
    return readdirSync(at).flatMap((fd) => {
      try {
        const path = readlinkSync(`${at}/${fd}`)
        return /\/runs\/|broken\.tgz/.test(path) ? [path] : []
      } catch {
        return [] // closed meanwhile
      }
    })
  }

  it('makes everything anew without the cache', async () => {
    const text = 'FROM tiny\nRUN cat /proc/sys/kernel/random/uuid >/made'
    await good(text)
    const first = await inside('cat /made')
    expect((await good(text, [], { noCache: true })).steps).toEqual(['done'])
    expect(await inside('cat /made')).not.toBe(first)
  })

  it('leaves no file open when an archive is broken', async () => {
    const archive = gzipSync(tar([file('a', Buffer.alloc(9000)), file('b', randomBytes(3 * 1024 ** 2))]))
    archive.fill(0xff, 1024 ** 2, 2 * 1024 ** 2)
    for (let n = 0; n < 3; n++)
      expect((await build('FROM tiny\nADD broken.tgz /x', [file('broken.tgz', archive)])).error).toContain(
        'broken.tgz is not valid gzip',
      )
    await expect.poll(openFiles).toEqual([])
    nothingIsLeft()
  })

  it('has no pattern that takes long for each file', async () => {
    const files = [file('.dockerignore', `${'*a'.repeat(10_000)}\n`), file('f')]
    expect((await build('FROM tiny\nCOPY f /', files)).text).toContain('longer than 16 KiB')
  })

  it('names no more files than are held open at once', async () => {
    const files = Array.from({ length: 70 }, (_, n) => file(`f${n}`, ''))
    const all = '*'.concat(' *'.repeat(63))
    expect((await build(`FROM tiny\nCOPY ${all} /x/`, files)).error).toContain('names more than 4096')
    expect((await build(`FROM tiny\nCOPY ${all} * * /x/`, files)).text).toContain('more than 64 sources')
  })

  it('copies holes as holes, but for files that are larger than any', async () => {
    const copied = (bytes: number) =>
      `FROM tiny\nRUN dd if=/dev/zero of=/f bs=1 count=1 seek=${bytes}\nFROM tiny\nCOPY --from=0 /f /`
    await good(copied(9 * 10 ** 9), [], { bytesMax: 10 ** 12 })
    expect(Number(await inside('stat -c %b /f'))).toBeLessThan(100)
    expect((await build(copied(9 * 10 ** 18))).error).toContain('larger than 2 TiB')
  })

  it('takes no more room than its tenant has, whatever its layers are for', async () => {
    const quota = { ...testQuota, diskMiB: 100 }
    const text = [1, 2, 3].map((n) => `RUN dd if=/dev/zero of=/x bs=1M count=4${n}`).join('\n')
    const built = await build(`FROM tiny\n${text}`, [], { quota, template: 'large' })
    expect(built.error).toContain('more than 100 MiB')
  })
})

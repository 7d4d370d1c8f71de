import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { testInstance } from '../../testing/test-instance.js'
import { settleHybrid } from '../cgroup/hybrid.js'
import { run } from '../linux/spawn.js'
import { closeDisk, openDisk } from '../rootfs/disk.js'

export { testInstance }

/** Where the guest of `uml.ts` finds the disk that was prepared for it: its `CLOCHE_HOME`. */
export const guestHome = '/var/tmp/cloche'

/** In the guest a laboratory is there already. */
export const inGuest = process.env.CLOCHE_TEST_GUEST !== undefined

/** A disk of its own with the base image as a layer, for tests against the real kernel. */
export interface Laboratory extends AsyncDisposable {
  readonly home: string
  readonly disk: string
  readonly layer: string
}

/**
 * @param hostMib puts its home on a file system of its own of this size, which a test can fill
 * @throws when `bin/test` has not built the image
 */
export async function openLaboratory(diskGib = 8, hostMib?: number): Promise<Laboratory> {
  if (inGuest) return guestLaboratory()
  const image = process.env.CLOCHE_TEST_IMAGE
  if (image === undefined) throw new Error('CLOCHE_TEST_IMAGE is not set: run the tests with bin/test')
  await settleHybrid()
  await mkdir('/var/tmp', { recursive: true })
  const home = await mkdtemp(`/var/tmp/${testInstance}-`)
  if (hostMib !== undefined) await mountHost(home, hostMib)
  // The layers' users inside must be able to walk to their root while it is mounted.
  await run('chmod', ['711', home])
  const close = async () => {
    await closeDisk(home)
    if (hostMib !== undefined) {
      // The loop device of the disk lets go of its image a moment later.
      await run('umount', ['--lazy', home])
      await rm(`${home}.img`)
    }
    await rm(home, { recursive: true })
  }
  try {
    const disk = await openDisk(home, diskGib)
    const layer = join(disk, 'layers', 'base')
    await mkdir(layer, { mode: 0o755 })
    // With capabilities of files, as a template is unpacked.
    const attributes = ['--xattrs', '--xattrs-include=*']
    await run('tar', ['-xf', image, '-C', layer, '--numeric-owner', ...attributes, '--exclude=./dev/*'])
    return { home, disk, layer, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Its layer is put back under the name that the next test expects; all of it is gone with the guest. */
async function guestLaboratory(): Promise<Laboratory> {
  const disk = await openDisk(guestHome)
  const layer = join(disk, 'layers', 'base')
  // The instance of an earlier test has renamed it.
  if (!existsSync(layer)) await rename(join(disk, 'layers', 'baselayer'), layer)
  return { home: guestHome, disk, layer, [Symbol.asyncDispose]: async () => {} }
}

/** A small file system in the place of the host's own. */
async function mountHost(home: string, sizeMib: number): Promise<void> {
  const image = `${home}.img`
  await run('truncate', ['--size', `${sizeMib}M`, image])
  await run('mkfs.ext4', ['-q', '-m', '0', image])
  await run('mount', ['-o', 'loop', image, home])
}

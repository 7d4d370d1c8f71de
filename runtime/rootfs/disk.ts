import { accessSync, constants, statfsSync } from 'node:fs'
import { access, chmod, mkdir, open, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../linux/spawn.js'
import { countAllVolumes } from './volume.js'

const gib = 1024 ** 3
/** Where subvolumes are: disks of sandboxes, of what runs are performed in, of what was set aside, snapshots, and volumes of tenants. */
const volumeDirectories = ['sandboxes', 'runs', 'quarantine', 'snapshots', 'volumes']
const btrfsMagic = 0x9123683e

/**
 * Opens the disk that sandboxes live on: a btrfs file system with quotas, mounted at `<home>/disk`. If
 * `<home>/disk` is on btrfs already (an operator's own file system) it is used as it is; otherwise a sparse
 * file `<home>/disk.img` is made once and mounted. Safe to call again and by several processes in turn.
 *
 * @param sizeGib size of a new image; the default is as much as the file system under it holds today
 * @returns the mount point
 */
export async function openDisk(home: string, sizeGib?: number): Promise<string> {
  const root = join(home, 'disk')
  await mkdir(root, { recursive: true, mode: 0o711 })
  if ((await statfs(root)).type !== btrfsMagic) {
    const image = join(home, 'disk.img')
    // Lazily unmounted, it lives on in the sandboxes that still run.
    if (await isAttached(image))
      throw new Error(`${image} is still in use by sandboxes that were not stopped`)
    if (!(await exists(image))) await makeImage(image, sizeGib ?? (await roomGib(home)))
    // discard=async gives the space of deleted sandboxes back to the host's disk.
    await run('mount', ['-o', 'loop,noatime,discard=async,nodev,nosuid', image, root])
    await shareByWeight(root)
  }
  await run('btrfs', ['quota', 'enable', root])
  countAllVolumes(root)
  await Promise.all(
    ['layers', 'ingest', 'templates', ...volumeDirectories].map((name) =>
      mkdir(join(root, name), { recursive: true }),
    ),
  )
  // On disk a tenant's root is the host's, and so is an image's: a program of its set-uid must be out of everybody's reach.
  for (const name of ['layers', 'ingest', ...volumeDirectories]) await chmod(join(root, name), 0o700)
  return root
}

const notMounted = "the sandboxes' disk is not mounted"
const readOnly =
  "the sandboxes' disk is read-only: it could not be written to, most often because the host's disk was full"

/** What keeps the disk mounted at `root` from being written to, in words for an operator; null while nothing does. */
export function diskProblem(root: string): string | null {
  if (statfsSync(root).type !== btrfsMagic) return notMounted
  try {
    // EROFS comes before any question of rights, also for root.
    accessSync(root, constants.W_OK)
    return null
  } catch {
    return readOnly
  }
}

/** How long the loop device may take to let go of the image once nothing is mounted from it. */
const detachMs = 10_000

/**
 * Gets a disk that has turned read-only ready for `openDisk`. Nothing may use it any more: btrfs stays read-only until
 * its last user is gone.
 *
 * @throws when it is still in use
 */
export async function prepareRemount(home: string): Promise<void> {
  const root = join(home, 'disk')
  const image = join(home, 'disk.img')
  if (!(await exists(image))) {
    // An operator's own file system.
    await run('mount', ['-o', 'remount,rw', root])
    return
  }
  await closeDisk(home)
  // A second loop device of the same image would destroy the file system.
  if (!(await isDetached(home))) throw new Error(`${image} is still in use`)
}

/** Whether no loop device has the disk's image any more; the kernel lets go of it a moment after it is unmounted. */
export async function isDetached(home: string): Promise<boolean> {
  const image = join(home, 'disk.img')
  for (const giveUpAt = performance.now() + detachMs; await isAttached(image); ) {
    if (performance.now() > giveUpAt) return false
    await sleep(50)
  }
  return true
}

/** Whether a loop device still has the image. */
export async function isAttached(image: string): Promise<boolean> {
  if (!(await exists(image))) return false
  return (
    (await run('losetup', ['--noheadings', '--list', '--output', 'NAME', '--associated', image])).trim() !==
    ''
  )
}

/** Only the scheduler BFQ knows weights of control groups. Without it disk time is shared as it comes. */
async function shareByWeight(root: string): Promise<void> {
  const scheduler = `/sys/dev/block/${await deviceOf(root)}/queue/scheduler`
  // A kernel without BFQ refuses the name.
  await writeFile(scheduler, 'bfq').catch(() => {})
}

/**
 * The block device under the file system that is mounted at `root`, as `major:minor`. Of a btrfs of several
 * devices it is the one that was named when it was mounted.
 */
export async function deviceOf(root: string): Promise<string> {
  const source = (await run('findmnt', ['--noheadings', '--output', 'SOURCE', '--target', root])).trim()
  // A subvolume's path may follow in brackets.
  const { rdev } = await stat(source.replace(/\[.*$/, ''))
  return `${rdev >> 8}:${rdev & 255}`
}

/** Whether `<home>/disk` is mounted now. */
export async function isDiskOpen(home: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  return mounts.includes(` ${join(home, 'disk')} `)
}

/** Unmounts the disk, for tests and for `bin/down`; the loop device goes with it. */
export async function closeDisk(home: string): Promise<void> {
  if (await isDiskOpen(home)) await run('umount', [join(home, 'disk')])
}

async function roomGib(home: string): Promise<number> {
  const { blocks, bsize } = await statfs(home)
  return Math.max(2, Math.floor((blocks * bsize) / gib))
}

async function makeImage(image: string, sizeGib: number): Promise<void> {
  const half = `${image}.new`
  const file = await open(half, 'w', 0o600)
  await file.truncate(sizeGib * gib)
  await file.close()
  await run('mkfs.btrfs', ['--quiet', '--force', half])
  await rename(half, image)
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}

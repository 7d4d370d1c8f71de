import { constants } from 'node:fs'
import { access, chmod, mkdir, open, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../linux/spawn.js'
import { countAllVolumes } from './volume.js'

const gib = 1024 ** 3
/** Where volumes are: of sandboxes, of what runs are performed in, and of what was set aside. */
const volumeDirectories = ['sandboxes', 'runs', 'quarantine']
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
    if (!(await exists(image))) await makeImage(image, sizeGib ?? (await roomGib(home)))
    // discard=async gives the space of deleted sandboxes back to the host's disk.
    await run('mount', ['-o', 'loop,noatime,discard=async,nodev,nosuid', image, root])
    await shareByWeight(root)
  }
  await run('btrfs', ['quota', 'enable', root])
  countAllVolumes(root)
  await Promise.all(
    ['layers', 'templates', ...volumeDirectories].map((name) => mkdir(join(root, name), { recursive: true })),
  )
  // On disk a tenant's root is the host's: a program that it gives to itself must be out of everybody's reach.
  for (const name of volumeDirectories) await chmod(join(root, name), 0o700)
  return root
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

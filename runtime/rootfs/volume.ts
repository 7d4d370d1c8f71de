import { closeSync, constants, mkdirSync, openSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ioctl, ioctlWaiting, SyscallError } from '../linux/libc.js'
import { run } from '../linux/spawn.js'

// include/uapi/linux/btrfs.h
const iocSubvolCreate = 0x5000940e
const iocSnapDestroy = 0x5000940f
const iocInoLookup = 0xd0009412
const iocQgroupLimit = 0x8030942b
const iocQgroupCreate = 0x4010942a
const iocQgroupAssign = 0x40189429
const iocFsInfo = 0x8400941f
const argsBytes = 4096
const nameOffset = 8
const limitReferenced = 1n
const subvolumeRootInode = 256n

/** The qgroup of all sandboxes together: level 1, number 1. As the kernel names its directory. */
export const sumQgroup = '1_1'
export const sumQgroupId = (1n << 48n) | 1n

/** A btrfs subvolume: the disk of one sandbox. The qgroup that limits it has the subvolume's id. */
export interface Volume {
  readonly path: string
  readonly id: number
}

/**
 * Makes a subvolume at `path` that holds at most `sizeBytes`, metadata of its files included.
 * @param directories that are made in it: of a sandbox's disk, what overlayfs wants
 */
export function createVolume(
  path: string,
  sizeBytes: number,
  directories: readonly string[] = ['upper', 'work'],
): Volume {
  onParent(path, (parent, name) => ioctl(parent, iocSubvolCreate, volumeArgs(name), `create ${path}`))
  const volume = { path, id: volumeId(path) }
  // Before anything is in it: later the kernel would have to count anew.
  withDirectory(path, (fd) => assign(fd, BigInt(volume.id), `count ${path}`))
  limitVolume(path, sizeBytes)
  for (const directory of directories) mkdirSync(join(path, directory), { mode: 0o755 })
  return volume
}

/** Changes how much the subvolume holds. Below what it holds, every further write fails with EDQUOT. */
export function limitVolume(path: string, sizeBytes: number): void {
  // Qgroup 0 is the one of the subvolume that the descriptor is in.
  withDirectory(path, (fd) => limit(fd, 0n, sizeBytes, `limit ${path}`))
}

/** Changes how much all subvolumes hold together. */
export function limitAllVolumes(root: string, sizeBytes: number): void {
  withDirectory(root, (fd) => limit(fd, sumQgroupId, sizeBytes, `limit ${root}`))
}

/** Makes the qgroup that counts all subvolumes together. One that is there already is no error. */
export function countAllVolumes(root: string): void {
  withDirectory(root, (fd) => {
    const args = Buffer.alloc(16)
    args.writeBigUInt64LE(1n, 0) // 1 creates
    args.writeBigUInt64LE(sumQgroupId, 8)
    try {
      ioctl(fd, iocQgroupCreate, args, `count ${root}`)
    } catch (error) {
      if (!(error instanceof SyscallError && error.code === 'EEXIST')) throw error
    }
  })
}

/** The UUID under which the kernel shows the file system in `/sys/fs/btrfs`. */
export function fileSystemId(root: string): string {
  return withDirectory(root, (fd) => {
    const args = Buffer.alloc(1024)
    ioctl(fd, iocFsInfo, args, `id of ${root}`)
    const hex = args.toString('hex', 16, 32)
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  })
}

const fileSystemIds = new Map<string, string>()

/** Where the kernel shows what a volume holds (`referenced`) and may hold (`max_referenced`), in bytes. */
export function qgroupOf(root: string, volume: number): string {
  const id = fileSystemIds.get(root) ?? fileSystemId(root)
  fileSystemIds.set(root, id)
  return join('/sys/fs/btrfs', id, 'qgroups', `0_${volume}`)
}

function limit(fd: number, qgroup: bigint, sizeBytes: number, name: string): void {
  const args = Buffer.alloc(48)
  args.writeBigUInt64LE(qgroup, 0)
  args.writeBigUInt64LE(limitReferenced, 8)
  args.writeBigUInt64LE(BigInt(sizeBytes), 16)
  ioctl(fd, iocQgroupLimit, args, name)
}

function assign(fd: number, qgroup: bigint, name: string): void {
  const args = Buffer.alloc(24)
  args.writeBigUInt64LE(1n, 0) // 1 assigns
  args.writeBigUInt64LE(qgroup, 8)
  args.writeBigUInt64LE(sumQgroupId, 16)
  ioctl(fd, iocQgroupAssign, args, name)
}

/** Removes the subvolume with everything in it. Its space comes back in the background. */
export function destroyVolume(path: string): void {
  const id = volumeId(path)
  onParent(path, (parent, name) => ioctl(parent, iocSnapDestroy, volumeArgs(name), `destroy ${path}`))
  dropQgroup(path, id)
}

/** The same on another thread: the kernel waits for snapshots that are being made, of anything on the same disk. */
export async function destroyVolumeWaiting(path: string): Promise<void> {
  const id = volumeId(path)
  const parent = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await ioctlWaiting(parent, iocSnapDestroy, volumeArgs(basename(path)), `destroy ${path}`)
  } finally {
    closeSync(parent)
  }
  dropQgroup(path, id)
}

function dropQgroup(path: string, id: number): void {
  withDirectory(dirname(path), (fd) => {
    const args = Buffer.alloc(16)
    args.writeBigUInt64LE(0n, 0) // 0 removes
    args.writeBigUInt64LE(BigInt(id), 8)
    try {
      ioctl(fd, iocQgroupCreate, args, `drop the qgroup of ${path}`)
    } catch {
      // EBUSY until the cleaner thread is through with the subvolume; `dropStaleQgroups` takes it later.
    }
  })
}

/**
 * Bytes that each subvolume under `root` holds, by subvolume id.
 * @param exact waits for what is on its way to the disk; otherwise as fresh as the last commit (30 s)
 */
export async function volumeUsage(root: string, exact = false): Promise<Map<number, number>> {
  const table = await run('btrfs', ['qgroup', 'show', ...(exact ? ['--sync'] : []), '--raw', root])
  const rows = table.matchAll(/^0\/(\d+)\s+(\d+)\s+\d+/gm)
  return new Map(Array.from(rows, ([, id, bytes]) => [Number(id), Number(bytes)]))
}

/** Drops qgroups whose subvolume is gone, so that years of sandboxes leave nothing behind. */
export async function dropStaleQgroups(root: string): Promise<void> {
  // The volumes themselves tell: one that lost its qgroup would have no limit any more.
  const alive = new Set(
    ['sandboxes', 'runs', 'quarantine', 'snapshots', 'volumes'].flatMap((directory) =>
      readdirSync(join(root, directory)).map((name) => volumeId(join(root, directory, name))),
    ),
  )
  for (const id of (await volumeUsage(root)).keys()) {
    if (id === 5 || alive.has(id)) continue
    // Fails while the cleaner thread still works on the subvolume: the next sweep finds it again.
    await run('btrfs', ['qgroup', 'destroy', `0/${id}`, root]).catch(() => {})
  }
}

/** Of the subvolume, which keeps it wherever it is moved. */
export function volumeId(path: string): number {
  return withDirectory(path, (fd) => {
    const args = Buffer.alloc(argsBytes)
    args.writeBigUInt64LE(subvolumeRootInode, 8)
    ioctl(fd, iocInoLookup, args, `id of ${path}`)
    return Number(args.readBigUInt64LE(0))
  })
}

function volumeArgs(name: string): Buffer {
  const args = Buffer.alloc(argsBytes)
  args.write(name, nameOffset)
  return args
}

function onParent(path: string, act: (fd: number, name: string) => void): void {
  const parent = dirname(path)
  withDirectory(parent, (fd) => act(fd, path.slice(parent.length + 1)))
}

function withDirectory<T>(path: string, act: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return act(fd)
  } finally {
    closeSync(fd)
  }
}

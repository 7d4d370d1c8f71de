import { chownSync, closeSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredVolumeMount } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { codeOf } from '../files/refusal.js'
import { openMountedRoot, PathHandle } from '../files/root.js'
import { mountSetattr, moveMountOnto, openTree } from '../linux/libc.js'

const openTreeClone = 1
const openTreeCloexec = 0o2000000
/** @see mount_setattr(2) */
const attr = { readOnly: 1n, noSuid: 2n, noDev: 4n, idmap: 0x00100000n } as const
const mountPrivate = BigInt(1 << 18)

/** Whose files the sandbox's are. */
export interface Owner {
  /** A descriptor from `openIdmap`. */
  readonly idmap: number
  /** The host's uid of root inside. */
  readonly uidBase: number
}

/** What a sandbox sees of a volume; beside it is what tells whose it is. */
export const dataOf = (disk: string, volume: string): string => join(disk, 'volumes', volume, 'data')

/**
 * Mounts volumes below the root of a sandbox in which nothing runs. Each is a clone of its own, idmapped into the range of the
 * sandbox, so several have it at once. A container takes over what is mounted in its root, and read-only is locked there.
 *
 * The way to a mount point is walked a name at a time, and never through a link: a template or an earlier program may have
 * made one to where the mount would cover what the runtime relies on, such as /proc. What is set-uid works, as in Docker: it
 * gives rights in the user namespace of the sandbox and nowhere else.
 *
 * @throws RuntimeRefusal `conflict` when a volume is not there, or its mount point cannot be
 */
export function mountVolumes(
  root: string,
  disk: string,
  volumes: readonly StoredVolumeMount[],
  owner: Owner,
): void {
  for (const { volume, path, readOnly } of volumes) {
    const source = dataOf(disk, volume)
    if (!existsSync(source)) {
      throw new RuntimeRefusal('conflict', `the volume ${volume} at ${path} is not on this node; ${help}`)
    }
    using target = mountPoint(root, path, owner)
    const tree = openTree(source, openTreeClone | openTreeCloexec)
    try {
      const set = attr.idmap | attr.noDev | (readOnly ? attr.readOnly : 0n)
      mountSetattr(tree, { set, clear: attr.noSuid, propagation: mountPrivate, usernsFd: owner.idmap })
      moveMountOnto(tree, target.fd)
    } finally {
      closeSync(tree)
    }
  }
}

/** The directory at a path, made with those above it where they are missing. */
function mountPoint(root: string, path: string, { uidBase }: Owner): PathHandle {
  let at = new PathHandle(openMountedRoot(root))
  let walked = ''
  for (const name of path.split('/').slice(1)) {
    using above = at
    walked += `/${name}`
    try {
      at = enter(above, name, uidBase)
    } catch (error) {
      const why = reasons[isLink(above, name) ? 'ELOOP' : (codeOf(error) ?? '')]
      if (why === undefined) throw error
      throw new RuntimeRefusal('conflict', `no volume can be mounted at ${path}: ${walked} ${why}; ${help}`)
    }
  }
  return at
}

/** For whoever has locked themselves out: a sandbox whose volumes cannot be mounted neither starts nor shows its files. */
const help = 'a fork without volumes has its files'

const reasons: Readonly<Record<string, string>> = {
  ELOOP: 'is a symbolic link; name the directory that it leads to',
  ENOTDIR: 'is no directory',
  EXDEV: 'is on another file system',
  EDQUOT: 'cannot be made, the disk of the sandbox is full',
  ENOSPC: 'cannot be made, the disk of the sandbox is full',
}

/** For the kernel, a link that is not to be followed is no directory. */
function isLink(above: PathHandle, name: string): boolean {
  try {
    using entry = above.entry(name)
    return entry.stat().isSymbolicLink()
  } catch {
    return false // what went wrong first says more
  }
}

function enter(above: PathHandle, name: string, uidBase: number): PathHandle {
  try {
    return above.enter(name)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  mkdirSync(above.path(name), { mode: 0o755 })
  const made = above.enter(name)
  chownSync(made.path(), uidBase, uidBase)
  return made
}

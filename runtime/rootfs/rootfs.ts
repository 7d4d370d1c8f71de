import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
} from 'node:fs'
import { join } from 'node:path'
import { mount, mountSetattr, moveMount, openTree, umountDetach, umountDetachWaiting } from '../linux/libc.js'

const openTreeClone = 1
const openTreeCloexec = 0o2000000
const mountAttrIdmap = 0x00100000n
const mountPrivate = BigInt(1 << 18)

/** A root file system that is mounted while a container starts; its own mount namespace keeps it alive. */
export interface Rootfs extends AsyncDisposable {
  readonly path: string
}

/**
 * Mounts a sandbox's root: its template's layers below, its volume on top, all of them idmapped into its
 * range of uids, so that nothing is ever copied or chowned and on disk every owner stays 0-based.
 *
 * Everything hangs below one tmpfs, so that one call forgets it on the host when the root is disposed of: each
 * such call costs a grace period of the kernel. A container that runs keeps the mounts in its own mount
 * namespace; when it dies they go with it.
 *
 * @param at a directory, which is made, and removed again with the mounts
 * @param layers directories, the lowest first
 * @param idmap a descriptor from `openIdmap`
 * @param within mounts more below the root, which goes with it
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function mountRootfs(
  at: string,
  layers: readonly string[],
  volume: string,
  idmap: number,
  within: (root: string) => void = () => {},
): Rootfs {
  // Uids of the sandbox walk through it.
  return onTmpfs(at, 'mode=711,size=64k', (place) => {
    const attach = attaching(place, idmap)
    const lower = layers.map((layer, i) => attach(layer, `layer${i}`)).reverse()
    const view = attach(volume, 'volume')
    const root = place('root')
    // A directory of the image can be renamed: its new name points to the old one, in an attribute that only the host's
    // root may set, and which is looked up in the layers below and nowhere else.
    withShortNames(lower, (names) => {
      const options = `lowerdir=${names},upperdir=${view}/upper,workdir=${view}/work,redirect_dir=on`
      mount('overlay', root, 'overlay', 0, options)
    })
    within(root)
    return root
  })
}

/**
 * Mounts layers with a volume on top, for the runtime to write to: owners are as on the disk, and nothing in it can be run.
 * @param at as of `mountRootfs`
 */
export function mountWritable(at: string, layers: readonly string[], volume: string): Rootfs {
  return onTmpfs(at, 'mode=700,size=64k', (place) => {
    const attach = attaching(place)
    const lower = layers.map((layer, i) => attach(layer, `layer${i}`)).reverse()
    const view = attach(volume, 'volume')
    const root = place('root')
    withShortNames(lower, (names) => {
      const options = `lowerdir=${names},upperdir=${view}/upper,workdir=${view}/work,redirect_dir=on`
      mount('overlay', root, 'overlay', nothingRuns, options)
    })
    return root
  })
}

/**
 * Mounts what a snapshot holds, to be read: its volume as one more layer. Owners are as on the disk, so nobody but the host's
 * root may walk through it, and nothing in it can be run.
 *
 * @param at as of `mountRootfs`
 */
export function mountSnapshot(at: string, layers: readonly string[], volume: string): Rootfs {
  return onTmpfs(at, 'mode=700,size=64k', (place) => {
    const attach = attaching(place)
    const lower = layers.map((layer, i) => attach(layer, `layer${i}`)).reverse()
    const view = attach(volume, 'volume')
    const root = place('root')
    mountBelow(root, [`${view}/upper`, ...lower])
    return root
  })
}

/**
 * Mounts layers over one another, to be read. Owners are as on the disk.
 * @param at as of `mountRootfs`
 */
export function mountLayers(at: string, layers: readonly string[]): Rootfs {
  return onTmpfs(at, 'mode=700,size=64k', (place) => {
    const attach = attaching(place)
    const lower = layers.map((layer, i) => attach(layer, `layer${i}`)).reverse()
    const root = place('root')
    // Without an upper directory overlayfs wants two.
    mountBelow(root, [...lower, place('empty'), place('none')])
    return root
  })
}

function mountBelow(root: string, lower: readonly string[]): void {
  withShortNames(lower, (names) =>
    mount('overlay', root, 'overlay', readOnlyNothingRuns, `lowerdir=${names},redirect_dir=follow`),
  )
}

/** The kernel takes one page of options. */
const maxNamesBytes = 3000

/** Calls `act` with directories as overlayfs is told of them: where there are many, by descriptors instead of names. */
function withShortNames(directories: readonly string[], act: (names: string) => void): void {
  const names = directories.join(':')
  if (names.length <= maxNamesBytes) {
    act(names)
    return
  }
  const fds: number[] = []
  try {
    for (const path of directories) fds.push(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
    act(fds.map((fd) => `/proc/self/fd/${fd}`).join(':'))
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}

/** MS_NOSUID, MS_NODEV, MS_NOEXEC; and with MS_RDONLY. @see mount(2) */
const nothingRuns = 2 | 4 | 8
const readOnlyNothingRuns = 1 | nothingRuns

type Place = (name: string) => string

/** Mounts below one tmpfs. @param mounted makes the mounts, and returns the root. */
function onTmpfs(at: string, options: string, mounted: (place: Place) => string): Rootfs {
  mkdirSync(at, { recursive: true })
  mount('tmpfs', at, 'tmpfs', 0, options)
  try {
    const path = mounted((name) => {
      const target = join(at, name)
      mkdirSync(target)
      return target
    })
    const forget = async () => {
      await umountDetachWaiting(at)
      rmdirSync(at)
    }
    return { path, [Symbol.asyncDispose]: forget }
  } catch (error) {
    umountDetach(at)
    rmdirSync(at)
    throw error
  }
}

const attaching = (place: Place, idmap?: number) => (source: string, name: string) => {
  const target = place(name)
  cloneMount(source, target, idmap)
  return target
}

/**
 * Removes the mount points of a root, and first what a runtime that was killed in the middle left mounted
 * there. Only ever removes empty directories: a recursive removal that met a mount would empty a template's
 * layer for everybody.
 */
export function removeMountPoints(at: string): void {
  if (!existsSync(at)) return
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target === at || target.startsWith(`${at}/`))
  for (const target of targets.reverse()) umountDetach(target)
  for (const name of readdirSync(at)) rmdirSync(join(at, name))
  rmdirSync(at)
}

function cloneMount(source: string, target: string, idmap?: number): void {
  const tree = openTree(source, openTreeClone | openTreeCloexec)
  try {
    if (idmap !== undefined) {
      mountSetattr(tree, { set: mountAttrIdmap, propagation: mountPrivate, usernsFd: idmap })
    }
    moveMount(tree, target)
  } finally {
    closeSync(tree)
  }
}

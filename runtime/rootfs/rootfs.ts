import { closeSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
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
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function mountRootfs(at: string, layers: readonly string[], volume: string, idmap: number): Rootfs {
  const place = (name: string) => {
    const target = join(at, name)
    mkdirSync(target)
    return target
  }
  const attach = (source: string, name: string) => {
    const target = place(name)
    cloneIdmapped(source, target, idmap)
    return target
  }
  mkdirSync(at, { recursive: true })
  // Uids of the sandbox walk through it.
  mount('tmpfs', at, 'tmpfs', 0, 'mode=711,size=64k')
  try {
    const lower = layers.map((layer, i) => attach(layer, `layer${i}`)).reverse()
    const view = attach(volume, 'volume')
    const root = place('root')
    // A directory of the image can be renamed: its new name points to the old one, in an attribute that only the host's
    // root may set, and which is looked up in the layers below and nowhere else.
    const options = `lowerdir=${lower.join(':')},upperdir=${view}/upper,workdir=${view}/work,redirect_dir=on`
    mount('overlay', root, 'overlay', 0, options)
    const forget = async () => {
      await umountDetachWaiting(at)
      rmdirSync(at)
    }
    return { path: root, [Symbol.asyncDispose]: forget }
  } catch (error) {
    umountDetach(at)
    rmdirSync(at)
    throw error
  }
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

function cloneIdmapped(source: string, target: string, idmap: number): void {
  const tree = openTree(source, openTreeClone | openTreeCloexec)
  try {
    mountSetattr(tree, { set: mountAttrIdmap, propagation: mountPrivate, usernsFd: idmap })
    moveMount(tree, target)
  } finally {
    closeSync(tree)
  }
}

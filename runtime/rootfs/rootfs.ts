import { closeSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { mount, mountSetattr, moveMount, openTree, umountDetach } from '../linux/libc.js'

const openTreeClone = 1
const openTreeCloexec = 0o2000000
const mountAttrIdmap = 0x00100000n
const mountPrivate = BigInt(1 << 18)

/** A root file system that is mounted while a container starts; its own mount namespace keeps it alive. */
export interface Rootfs extends Disposable {
  readonly path: string
}

/**
 * Mounts a sandbox's root: its template's layers below, its volume on top, all of them idmapped into its
 * range of uids, so that nothing is ever copied or chowned and on disk every owner stays 0-based.
 *
 * Disposing of it forgets the mounts on the host. A container that runs keeps them in its own mount
 * namespace; when it dies they go with it.
 *
 * @param layers directories, the lowest first
 * @param idmap a descriptor from `openIdmap`
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function mountRootfs(at: string, layers: readonly string[], volume: string, idmap: number): Rootfs {
  const mounted: string[] = []
  const attach = (source: string, name: string) => {
    const target = join(at, name)
    mkdirSync(target, { recursive: true })
    cloneIdmapped(source, target, idmap)
    mounted.push(target)
    return target
  }
  const forget = () => {
    for (const target of mounted.splice(0).reverse()) umountDetach(target)
  }
  try {
    const lower = layers.map((layer, i) => attach(layer, `layer${i}`)).reverse()
    const view = attach(volume, 'volume')
    const root = join(at, 'root')
    mkdirSync(root, { recursive: true })
    mount(
      'overlay',
      root,
      'overlay',
      0,
      `lowerdir=${lower.join(':')},upperdir=${view}/upper,workdir=${view}/work`,
    )
    mounted.push(root)
    return { path: root, [Symbol.dispose]: forget }
  } catch (error) {
    forget()
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
    .filter((target) => target.startsWith(`${at}/`))
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

import { closeSync, existsSync, mkdirSync, openSync, symlinkSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { controllers, type Hierarchy } from '../cgroup/hierarchy.js'
import { mount, mountSetattr, moveMount, openTree, setns, umountDetach } from '../linux/libc.js'
import { viewedFiles } from './files.js'

const [newMounts, clone, closeOnExec] = [0x00020000, 1, 0o2000000]
const readOnly = { set: 0x01n | 0x02n | 0x04n | 0x08n, propagation: BigInt(1 << 18), usernsFd: 0 }
const [nosuid, nodev, noexec] = [2, 4, 8]
/** Where cgroups are mounted inside, and where they are mounted a second time; see `relativeView`. */
const [place, secondPlace] = ['/sys/fs/cgroup', '/sys/fs/cgroup-relative']
/** Where a sandbox finds what its disk holds and may hold: statfs(2) of btrfs shows the whole file system. */
const quotaPlace = '/sys/fs/quota'

/** A mount that belongs to no namespace yet, and where it is to be. */
interface Prepared {
  readonly fd: number
  readonly target: string
}

/**
 * Puts mounts into the mount namespaces of sandboxes. Only for a thread that has called `unshareFs`. The paths are
 * resolved as the sandbox sees them, but only through /proc and /sys, which nobody inside can rename or replace.
 *
 * Nothing here asks the FUSE daemon: what it serves is held by descriptors, so a daemon that hangs blocks nobody.
 */
export class Namespaces {
  readonly #own = openSync('/proc/thread-self/ns/mnt', 'r')
  /** What is shown in place of the host's files, by their paths inside. Empty while there is no lxcfs. */
  readonly #files = new Map<string, number>()

  /** @param root where lxcfs is mounted, and answers */
  showFiles(root: string): void {
    this.dropFiles()
    for (const file of viewedFiles) this.#files.set(`/${file}`, openTree(join(root, file), closeOnExec))
  }

  dropFiles(): void {
    for (const fd of this.#files.values()) closeSync(fd)
    this.#files.clear()
  }

  /**
   * Covers the files of a sandbox that has just been started, and makes the place where its cgroups will be.
   * @param volume where the kernel counts its disk; left out where it is not there
   */
  prepare(pid: number, names: readonly string[], volume: string): void {
    const quota = existsSync(volume) ? [{ fd: cloneReadOnly(volume), target: quotaPlace }] : []
    this.#within(pid, [...this.#cloneFiles(), ...quota], () => {
      mount('tmpfs', '/sys/fs', 'tmpfs', nosuid | nodev | noexec, 'mode=755,size=64k,nr_inodes=64')
      mkdirSync(place, { recursive: true })
      for (const name of names) mkdirSync(join(place, name))
      mkdirSync(quotaPlace)
    })
  }

  /** Covers the files of a sandbox that has just been started, and nothing more. */
  cover(pid: number): void {
    this.#within(pid, this.#cloneFiles(), () => {})
  }

  /** Replaces the files of a sandbox, whose daemon is gone; without a new one it sees the host's again. */
  replaceFiles(pid: number): void {
    this.#within(pid, this.#cloneFiles(), () => {
      for (const file of viewedFiles) {
        try {
          umountDetach(`/${file}`)
        } catch {
          // EINVAL: nothing covers it
        }
      }
    })
  }

  /**
   * Shows a sandbox its own cgroups, read-only.
   * @param from the cgroup that its namespace begins at: another one where it came from the pool
   */
  showCgroups(pid: number, hierarchy: Hierarchy, path: string, from: string): void {
    if (hierarchy.version === 2) {
      const source = join(hierarchy.mounts[0] ?? place, path)
      // In this order: Java takes the first that is below /sys/fs/cgroup.
      const second = from === path ? undefined : relativeView(from, path)
      const seconds = second === undefined ? [] : [{ fd: cloneReadOnly(source), target: second.target }]
      this.#within(pid, [...seconds, { fd: cloneReadOnly(source), target: place }], () => {
        if (second === undefined) return
        mkdirSync(second.target, { recursive: true })
        mkdirSync(dirname(second.link), { recursive: true })
        symlinkSync(place, second.link)
      })
      return
    }
    const trees = cgroupTrees(hierarchy)
    const prepared = trees.map(({ name, mount: tree }) => ({
      fd: cloneReadOnly(join(tree, path)),
      target: join(place, name),
    }))
    this.#within(pid, prepared, () => {})
  }

  #cloneFiles(): Prepared[] {
    return [...this.#files].map(([target, fd]) => ({ fd: cloneReadOnly(`/proc/self/fd/${fd}`), target }))
  }

  /** Enters the namespace of `pid`, acts, and attaches what was prepared. Always comes back. */
  #within(pid: number, prepared: readonly Prepared[], act: () => void): void {
    try {
      const theirs = openSync(`/proc/${pid}/ns/mnt`, 'r')
      try {
        setns(theirs, newMounts)
        act()
        for (const { fd, target } of prepared) moveMount(fd, target)
      } finally {
        setns(this.#own, newMounts)
        closeSync(theirs)
      }
    } finally {
      for (const { fd } of prepared) closeSync(fd)
    }
  }
}

function cloneReadOnly(source: string): number {
  const fd = openTree(source, clone | closeOnExec)
  try {
    mountSetattr(fd, readOnly)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** The trees of version 1 that programs look at, by the names under which everybody has them. */
export function cgroupTrees(hierarchy: Hierarchy): { name: string; mount: string }[] {
  if (hierarchy.version === 2) return []
  const shown = controllers.filter((name) => name !== 'freezer')
  return shown.flatMap((name) => {
    const tree = hierarchy.mountOf(name)
    return tree === undefined ? [] : [{ name, mount: tree }]
  })
}

/**
 * In version 2 Java appends what /proc/self/cgroup says to where cgroup2 is mounted. In a sandbox that came from the
 * pool that is a path through `..` (`/../../tenant/sandbox`), for a cgroup namespace keeps the root that it had. So
 * there is a second mount, as deep in directories of ours as there are steps up, and a link where the path leads.
 */
function relativeView(from: string, path: string): { target: string; link: string } {
  const steps = relative(from, path)
  const ups = steps.split('/').filter((step) => step === '..').length
  const target = join(secondPlace, ...Array.from({ length: ups }, () => 'd'))
  return { target, link: normalize(join(target, steps)) }
}

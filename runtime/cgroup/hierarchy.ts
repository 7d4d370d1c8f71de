import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { signal } from '../linux/process.js'

/** A value that the kernel refused for a cgroup file. */
export class CgroupWriteError extends Error {
  override readonly name = 'CgroupWriteError'
  constructor(
    readonly file: string,
    readonly value: string,
    override readonly cause: unknown,
  ) {
    super(`the kernel refused ${value} for ${file}: ${cause instanceof Error ? cause.message : cause}`)
  }

  /** The same without the path: where a control group lies on the host is nobody's business inside. */
  get publicMessage(): string {
    return `the kernel refused ${this.value} for ${basename(this.file)}: ${this.code}`
  }

  /** What errno said, such as `EBUSY`. */
  get code(): unknown {
    return codeOf(this.cause)
  }
}

/** How control groups are mounted on this host. */
export interface Hierarchy {
  readonly version: 1 | 2
  /**
   * Where a controller's tree is mounted. In version 2 it is the same for all of them.
   * Undefined when the host has no such controller.
   */
  mountOf(controller: Controller): string | undefined
  /** Where version 2 is mounted; on a host of version 1 perhaps nowhere. */
  readonly version2: string | undefined
  /** Every tree that a sandbox has a directory in. */
  readonly mounts: readonly string[]
  /** Trees that bound and count nothing of a sandbox. crun puts a container into them all the same. */
  readonly idle: readonly string[]
}

export const controllers = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'freezer', 'blkio'] as const
export type Controller = (typeof controllers)[number]

/** Finds out which version of control groups this host uses, as crun does: by what `/sys/fs/cgroup` is. */
export function detectHierarchy(): Hierarchy {
  const root = '/sys/fs/cgroup'
  if (existsSync(join(root, 'cgroup.controllers'))) {
    return { version: 2, version2: root, mountOf: () => root, mounts: [root], idle: [] }
  }
  const found = new Map<string, string>()
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [left, right] = line.split(' - ')
    const target = left?.split(' ')[4]
    const [type, , options] = right?.split(' ') ?? []
    if (target === undefined) continue
    // crun makes a directory in a hybrid host's version 2 tree as well.
    if (type === 'cgroup2') found.set('unified', target)
    if (type !== 'cgroup') continue
    for (const name of options?.split(',') ?? []) if (!found.has(name)) found.set(name, target)
    if (options?.includes('name=systemd')) found.set('systemd', target)
  }
  const used = new Set([...controllers, ...managed()].flatMap((name) => found.get(name) ?? []))
  return {
    version: 1,
    version2: found.get('unified'),
    mountOf: (controller) => found.get(controller),
    mounts: [...used],
    idle: [...new Set(found.values())].filter((mount) => !used.has(mount)),
  }
}

/** Trees without controllers by which systemd tells services apart, where it does: a sandbox is not part of ours. */
function managed(): string[] {
  const paths = readFileSync('/proc/self/cgroup', 'utf8').split('\n')
  const trees = [
    { name: 'systemd', prefix: /^\d+:name=systemd:/ },
    { name: 'unified', prefix: /^0::/ },
  ]
  const manages = (prefix: RegExp) => paths.some((path) => prefix.test(path) && !path.endsWith(':/'))
  return trees.filter(({ prefix }) => manages(prefix)).map(({ name }) => name)
}

/**
 * Makes one cgroup in every tree, and hands its controllers down to its children.
 *
 * Like everything here that a claim waits for it calls the kernel directly: a hop to Node's thread pool costs
 * more than the call itself, and a version 1 host has a dozen trees.
 */
export function makeCgroup(hierarchy: Hierarchy, path: string): void {
  makeLeaf(hierarchy, path)
  if (hierarchy.version === 1) return
  for (const mount of hierarchy.mounts) {
    let at = mount
    handDown(at)
    for (const step of path.split('/').filter(Boolean)) {
      at = join(at, step)
      handDown(at)
    }
  }
}

/** What limits and usage need. A cgroup has only those that its parent hands down. */
const handedDown = new Set(['cpu', 'cpuset', 'io', 'memory', 'pids'])

/** Where they are handed down already, as above the cgroup that systemd delegates, nothing is written. */
function handDown(directory: string): void {
  const words = (file: string) => readFileSync(join(directory, file), 'utf8').trim().split(' ')
  const handed = new Set(words('cgroup.subtree_control'))
  const missing = words('cgroup.controllers').filter((name) => handedDown.has(name) && !handed.has(name))
  if (missing.length === 0) return
  writeValue(join(directory, 'cgroup.subtree_control'), missing.map((name) => `+${name}`).join(' '))
}

/** Makes the cgroup of one sandbox: a leaf, which may hold processes. */
export function makeLeaf(hierarchy: Hierarchy, path: string): void {
  for (const mount of hierarchy.mounts) makeDirectory(mount, path)
}

/**
 * Takes a container that has just been started out of the trees that do nothing: there is less to move at a claim.
 * @param kept the tree that it stays in
 */
export function leaveIdleTrees(hierarchy: Hierarchy, path: string, kept?: string): void {
  for (const mount of hierarchy.idle) {
    if (mount === kept) continue
    const directory = join(mount, path)
    if (!existsSync(directory)) continue
    const pids = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)
    for (const pid of pids) writeValue(join(mount, 'cgroup.procs'), pid)
    removeEmpty(directory)
  }
}

/** Makes one directory in one tree, and those above it. */
export function makeDirectory(mount: string, path: string): void {
  const directory = join(mount, path)
  try {
    mkdirSync(directory)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    makeDirectory(mount, dirname(path))
    mkdirSync(directory)
  }
  initCpuset(directory)
}

/**
 * A new cpuset of version 1 has no processors and no memory nodes, and takes no process: it gets its parent's. Its
 * children get them by themselves then. Its processors are no scheduling domain of their own.
 * @see Documentation/admin-guide/cgroup-v1/cpusets.rst
 */
function initCpuset(directory: string): void {
  const at = (file: string) => join(directory, file)
  if (!existsSync(at('cgroup.clone_children')) || !existsSync(at('cpuset.mems'))) return
  for (const file of ['cpuset.mems', 'cpuset.cpus']) {
    if (readFileSync(at(file), 'utf8').trim() !== '') continue
    writeValue(at(file), readFileSync(join(dirname(directory), file), 'utf8').trim())
  }
  writeValue(at('cpuset.sched_load_balance'), 0)
  writeValue(at('cgroup.clone_children'), 1)
}

/**
 * How long processes that were killed may take to die. The last one of a sandbox lets go of its root, and
 * overlayfs then writes what is dirty on the whole disk under it: seconds, when a template was just unpacked.
 */
const dyingMs = 30_000

/** Kills whatever is in a cgroup, and removes it. */
export async function endCgroup(hierarchy: Hierarchy, path: string): Promise<void> {
  // Mostly they are dying already, all at once: to look at one tree is cheaper than to try at a dozen.
  for (let tries = 0; tries < 50; tries++) {
    const left = await processesOf(hierarchy, path)
    if (left.length === 0) break
    for (const pid of left) signal(pid, 'SIGKILL')
    await sleep(1)
  }
  await removeCgroup(hierarchy, path)
}

/** Removes a cgroup from every tree, its children first. Waits for processes that are still dying. */
export async function removeCgroup(hierarchy: Hierarchy, path: string): Promise<void> {
  const trees = [...hierarchy.mounts, ...hierarchy.idle]
  await Promise.all(trees.map((mount) => removeTree(join(mount, path))))
}

async function removeTree(directory: string): Promise<void> {
  const giveUpAt = performance.now() + dyingMs
  for (let tries = 0; !removeEmpty(directory); tries++) {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) await removeTree(join(directory, entry.name))
    }
    if (performance.now() > giveUpAt) throw new Error(`${directory} still holds processes`)
    if (tries > 0) await sleep(Math.min(50, 5 * Math.ceil(tries / 20)))
  }
}

/** Removes one cgroup directory. @returns false when it still holds processes or other cgroups */
export function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return true
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false
    throw error
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Every process of a cgroup. */
export async function processesOf(hierarchy: Hierarchy, path: string): Promise<number[]> {
  const mount = hierarchy.mountOf('pids') ?? hierarchy.mounts[0]
  if (mount === undefined) return []
  const text = await readFile(join(mount, path, 'cgroup.procs'), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean).map(Number)
}

/** @throws CgroupWriteError when the kernel refuses */
export function writeValue(file: string, value: string | number): void {
  try {
    writeFileSync(file, String(value))
  } catch (error) {
    throw new CgroupWriteError(file, String(value), error)
  }
}

import { closeSync, constants, existsSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QuarantineCause } from '../../protocol/api/index.js'
import { delegateCgroup } from '../cgroup/delegate.js'
import { endCgroup, leaveIdleTrees, makeCgroup, makeLeaf } from '../cgroup/hierarchy.js'
import { boundNamespaces, spareFirstProcess } from '../cgroup/host.js'
import { applyLimits, type CgroupLimits } from '../cgroup/limits.js'
import { ipcBounds } from '../container/memory-files.js'
import { containerSpec, type MountedFile } from '../container/spec.js'
import type { SystemParts } from '../container/system.js'
import { RuntimeRefusal } from '../errors.js'
import { mkfifo } from '../linux/libc.js'
import { startTime } from '../linux/process.js'
import type { Group } from '../network/groups.js'
import type { Link, LinkPolicy } from '../network/network.js'
import { settleNetwork } from '../network/settings.js'
import { mountRootfs, type Rootfs, removeMountPoints } from '../rootfs/rootfs.js'
import { snapshotVolume } from '../rootfs/snapshot.js'
import { createVolume, destroyVolumeWaiting, qgroupOf, volumeId } from '../rootfs/volume.js'
import { mountVolumes } from '../rootfs/volume-mounts.js'
import { hostsFiles } from './hosts.js'
import { memoryOfFiles } from './memory-fit.js'
import { bundleOf, type NodeContext, volumeOf } from './node.js'
import { removeRecord, type SandboxRecord, saveRecord } from './record.js'

const mib = 1024 ** 2
/** A tenant can write into its exit pipe; after a first byte it is looked at no more often than this. */
const nuisancePauseMs = 1000

/** Where its record lies. */
export const directoryOf = (node: NodeContext, sandbox: SandboxRecord) =>
  join(sandbox.purpose === 'run' ? node.passing.boxes : node.boxes, sandbox.id)
const rootOf = (node: NodeContext, sandbox: SandboxRecord) => join(node.scratch, sandbox.id)

/** What a stopped sandbox of a run has written, as a layer for others. */
export const asLayer = (boxId: string) => join('..', 'runs', boxId, 'upper')

/**
 * Makes the disk of a new sandbox.
 * @param snapshot path of the volume that it begins with; empty if absent
 */
export async function makeDisk(
  node: NodeContext,
  sandbox: SandboxRecord,
  snapshot?: string,
): Promise<SandboxRecord> {
  const [path, sizeBytes] = [volumeOf(node, sandbox), sandbox.limits.diskMiB * mib]
  if (snapshot === undefined) return { ...sandbox, volumeId: createVolume(path, sizeBytes).id }
  const volume = await snapshotVolume(snapshot, path, sizeBytes, sandbox.tenantId ?? '')
  // It says whose disk that was.
  rmSync(join(path, 'record.json'), { force: true })
  return { ...sandbox, volumeId: volume.id }
}

/**
 * Starts a sandbox on its disk, in the order the kernel wants it: root file system, cgroup, container,
 * network. It is held to its limits before its first instruction.
 *
 * @param bounds what its cgroup is held to: its limits, with those that it leaves out
 * @param files of the host that it sees, this time
 * @throws when any step fails; the caller removes what there is with `destroy`
 */
export async function boot(
  node: NodeContext,
  sandbox: SandboxRecord,
  bounds: CgroupLimits,
  files: readonly MountedFile[] = [],
): Promise<SandboxRecord> {
  const bundle = bundleOf(node, sandbox)
  mkdirSync(bundle, { recursive: true, mode: 0o700 })
  const exitPipe = join(bundle, 'exit')
  if (!existsSync(exitPipe)) mkfifo(exitPipe, 0o600)
  const rootfs = await openRootfs(node, sandbox)
  const settling: Promise<void>[] = []
  try {
    makeLeaf(node.hierarchy, sandbox.cgroup)
    applyLimits(node.hierarchy, sandbox.cgroup, bounds, node.device)
    const pid = await startContainer(node, sandbox, bundle, rootfs.path, [
      ...files,
      ...hostsFiles(node, sandbox),
    ])
    // gVisor has these in its own memory.
    if (sandbox.isolation === 'standard') {
      settling.push(
        boundNamespaces(node.reaper, pid, ipcBounds(memoryOfFiles(sandbox))),
        sandbox.system ? node.view.cover(pid) : node.view.prepare(pid, qgroupOf(node.disk, sandbox.volumeId)),
      )
      // One that waits in the pool will be in another. A small machine has its own since before it started.
      if (sandbox.sandboxId !== null && !sandbox.system) {
        node.view.showCgroups(pid, sandbox.cgroup, sandbox.cgroup)
      }
    }
    leaveIdleTrees(node.hierarchy, sandbox.cgroup, sandbox.system ? node.hierarchy.version2 : undefined)
    const began = startTime(pid)
    if (began === undefined) throw new Error('the first process of the sandbox ended at once')
    const running: SandboxRecord = {
      ...sandbox,
      state: 'running',
      failure: null,
      init: { pid, startTime: began },
    }
    saveRecord(directoryOf(node, sandbox), running)
    return running
  } finally {
    await Promise.all([rootfs[Symbol.asyncDispose](), ...settling])
  }
}

/** The root file system of a sandbox that nothing runs in, mounted on the host until it is disposed of. */
export async function openRootfs(node: NodeContext, sandbox: SandboxRecord): Promise<Rootfs> {
  const idmap = await node.ranges.idmap(sandbox.index)
  const layers = sandbox.layers.map((layer) => join(node.disk, 'layers', layer))
  const at = rootOf(node, sandbox)
  const uidBase = node.slot.uidBase(sandbox.index)
  const within = (root: string) => mountVolumes(root, node.disk, sandbox.volumes, { idmap, uidBase })
  return node.roots.use(at, () => mountRootfs(at, layers, volumeOf(node, sandbox), idmap, within))
}

/** Whether its root is mounted on the host: its files are read or written while it is stopped. */
export const isRootUsed = (node: NodeContext, sandbox: SandboxRecord): Promise<boolean> =>
  node.roots.isUsed(rootOf(node, sandbox))

/** Leaves its root to those who still read or write there: whoever needs it from now on mounts it anew. */
async function forgetRoot(node: NodeContext, sandbox: SandboxRecord): Promise<void> {
  await node.roots.forget(rootOf(node, sandbox))
  removeMountPoints(rootOf(node, sandbox))
}

/**
 * The same when its disk is not the one of its record any more. While it is, the root stays mounted: a second one on the
 * same disk would be undefined.
 */
export async function forgetReplaced(node: NodeContext, sandbox: SandboxRecord): Promise<void> {
  if (volumeId(volumeOf(node, sandbox)) !== sandbox.volumeId) await forgetRoot(node, sandbox)
}

export const linkOf = (node: NodeContext, sandbox: SandboxRecord): Link => ({
  name: node.slot.interfaceName(sandbox.index),
  address: node.slot.address(sandbox.index),
})
/** Nobody else can name it: the tenant is a part of it. */
const groupOf = ({ tenantId, stack }: SandboxRecord): Group | undefined =>
  tenantId === null || stack === null
    ? undefined
    : { id: `${tenantId}/${stack.id}`, networks: stack.networks }

/** Whether it has a link while it runs: the members of its stack are reached without a network as well. */
export const isLinked = ({ network, stack }: SandboxRecord): boolean => network !== 'none' || stack !== null

export const linkPolicyOf = (sandbox: SandboxRecord): LinkPolicy => ({
  policy: sandbox.network,
  mbps: sandbox.limits.networkMbps,
  group: groupOf(sandbox),
})

async function startContainer(
  node: NodeContext,
  sandbox: SandboxRecord,
  bundle: string,
  rootfs: string,
  files: readonly MountedFile[],
): Promise<number> {
  const ociRuntime = node.ociRuntimes.of(sandbox.isolation)
  const spec = containerSpec({
    rootfs,
    uidBase: node.slot.uidBase(sandbox.index),
    cgroup: sandbox.cgroup,
    hostname: sandbox.hostname,
    memoryBytes: memoryOfFiles(sandbox),
    filter: node.filter.config(),
    system: sandbox.system ? systemParts(node, sandbox) : undefined,
    rlimits: ociRuntime.rlimits(sandbox.limits),
    files,
  })
  // Open for reading too, or opening would wait for a reader.
  const output = openSync(join(bundle, 'exit'), constants.O_RDWR)
  try {
    return await ociRuntime.start(sandbox.id, bundle, spec, output, async (pid) => {
      settleNetwork(pid, node.slot.uidBase(sandbox.index))
      // What gVisor runs as first process is all of the sandbox, with its memory.
      // What systemd starts would be spared as well.
      if (sandbox.isolation === 'standard' && !sandbox.system) spareFirstProcess(pid)
      await node.network.connect(linkOf(node, sandbox), linkPolicyOf(sandbox), pid)
    })
  } finally {
    closeSync(output)
  }
}

/** @throws RuntimeRefusal `template_unavailable` where systemd cannot run */
function systemParts(node: NodeContext, sandbox: SandboxRecord): SystemParts {
  if (sandbox.isolation !== 'standard') {
    throw new RuntimeRefusal('template_unavailable', 'systemd runs in standard isolation only')
  }
  const quota = qgroupOf(node.disk, sandbox.volumeId)
  return {
    cgroup: delegateCgroup(node.hierarchy, sandbox.cgroup, node.slot.uidBase(sandbox.index)),
    quota: existsSync(quota) ? quota : undefined,
  }
}

/** Ends everything that runs in the sandbox. Its disk stays. Says nothing if nothing runs. */
export async function halt(node: NodeContext, sandbox: SandboxRecord): Promise<void> {
  await endProcesses(node, sandbox)
  node.cpusets.release(sandbox.id)
  // The interface dies with the namespace, a little later; its name and address are needed again now.
  await node.network.disconnect(linkOf(node, sandbox))
}

async function endProcesses(node: NodeContext, sandbox: SandboxRecord): Promise<void> {
  await node.ociRuntimes.of(sandbox.isolation).remove(sandbox.id)
  await endCgroup(node.hierarchy, sandbox.cgroup)
}

/**
 * Removes every trace of a sandbox. Can be called at any point of its life, and again. Nobody waits for the kernel
 * to take its interface away, 30 ms: its place is free again after that.
 */
export async function destroy(node: NodeContext, sandbox: SandboxRecord): Promise<void> {
  const directory = directoryOf(node, sandbox)
  // Whoever finds the rest after a crash may finish what was begun here.
  if (sandbox.sandboxId !== null && existsSync(directory))
    saveRecord(directory, { ...sandbox, removing: true })
  await endProcesses(node, sandbox)
  node.cpusets.release(sandbox.id)
  await forgetRoot(node, sandbox)
  const volume = volumeOf(node, sandbox)
  if (existsSync(volume)) await destroyVolumeWaiting(volume)
  rmSync(bundleOf(node, sandbox), { recursive: true, force: true })
  removeRecord(directory)
  node.ranges.releaseAfter(sandbox.index, node.network.disconnect(linkOf(node, sandbox)), node.log)
}

/**
 * Ends a sandbox and sets it aside, record and disk, for an operator to decide.
 * @returns the id of the entry
 */
export async function setAside(
  node: NodeContext,
  sandbox: SandboxRecord,
  why: { cause: QuarantineCause; reason: string },
): Promise<string> {
  await endProcesses(node, sandbox)
  await forgetRoot(node, sandbox)
  const entry = node.quarantine.add(sandbox.id, why)
  rmSync(bundleOf(node, sandbox), { recursive: true, force: true })
  node.ranges.releaseAfter(sandbox.index, node.network.disconnect(linkOf(node, sandbox)), node.log)
  return entry
}

/** Whether the very process that the record names is alive. */
export function isAlive(sandbox: SandboxRecord): boolean {
  return sandbox.init !== null && startTime(sandbox.init.pid) === sandbox.init.startTime
}

/**
 * Calls `ended` once, when the sandbox's first process is gone: it holds the only writing end of the pipe,
 * so its end is an end of file, with no process for each sandbox. The kernel closes a dying process's files
 * before it is dead, and a tenant may close them on a living one: hence the look at the process itself.
 */
export function watchExit(node: NodeContext, sandbox: SandboxRecord, ended: () => void): void {
  const whenDead = async () => {
    for (let waitMs = 1; isAlive(sandbox); waitMs = Math.min(waitMs * 2, nuisancePauseMs)) {
      await sleep(waitMs, undefined, { ref: false })
    }
    if (sandbox.init !== null) void node.reaper.wait(sandbox.init.pid)
    ended()
  }
  let fd: number
  try {
    fd = openSync(join(bundleOf(node, sandbox), 'exit'), constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    // Somebody has removed it. The others are to be adopted all the same.
    node.log.warn({ error, id: sandbox.id }, 'a sandbox has no pipe that tells its end; it is looked at')
    void whenDead()
    return
  }
  const pipe = new Socket({ fd, readable: true, writable: false })
  pipe.on('data', () => {
    pipe.pause()
    setTimeout(() => pipe.resume(), nuisancePauseMs).unref()
  })
  pipe.once('error', () => pipe.destroy())
  pipe.once('close', whenDead)
  pipe.unref()
  // Nothing is told of an end that was before somebody listened.
  if (hasNoWriter(fd)) pipe.destroy()
}

function hasNoWriter(pipe: number): boolean {
  try {
    return readSync(pipe, Buffer.alloc(1)) === 0
  } catch {
    return false // EAGAIN: somebody may still write
  }
}

/** Makes the cgroup that holds a tenant, or the pool. */
export function makeParentCgroup(node: NodeContext, name: string): string {
  const path = join(node.cgroupRoot, name)
  makeCgroup(node.hierarchy, node.cgroupRoot)
  makeCgroup(node.hierarchy, path)
  return path
}

import { closeSync, constants, existsSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QuarantineCause } from '../../protocol/index.js'
import { endCgroup, leaveIdleTrees, makeCgroup, makeLeaf } from '../cgroup/hierarchy.js'
import { boundNamespaces, spareFirstProcess } from '../cgroup/host.js'
import { applyLimits, type CgroupLimits } from '../cgroup/limits.js'
import { ipcBounds } from '../container/memory-files.js'
import { containerSpec } from '../container/spec.js'
import { mkfifo } from '../linux/libc.js'
import { startTime } from '../linux/process.js'
import type { Link, LinkPolicy } from '../network/network.js'
import { settleNetwork } from '../network/settings.js'
import { mountRootfs, removeMountPoints } from '../rootfs/rootfs.js'
import { createVolume, destroyVolume, qgroupOf } from '../rootfs/volume.js'
import { memoryOfFiles } from './memory-fit.js'
import { type NodeContext, volumeOf } from './node.js'
import { removeRecord, type SandboxRecord, saveRecord } from './record.js'

const mib = 1024 ** 2
/** A tenant can write into its exit pipe; after a first byte it is looked at no more often than this. */
const nuisancePauseMs = 1000

/** Where its record lies. */
export const directoryOf = (node: NodeContext, box: SandboxRecord) =>
  join(box.purpose === 'run' ? node.passing.boxes : node.boxes, box.id)
const bundleOf = (node: NodeContext, box: SandboxRecord) => join(node.passing.bundles, box.id)

/** What a stopped sandbox of a run has written, as a layer for others. */
export const asLayer = (boxId: string) => join('..', 'runs', boxId, 'upper')

/** Makes the disk of a new sandbox. */
export function makeDisk(node: NodeContext, box: SandboxRecord): SandboxRecord {
  const volume = createVolume(volumeOf(node, box), box.limits.diskMiB * mib)
  return { ...box, volumeId: volume.id }
}

/**
 * Starts a sandbox on its disk, in the order the kernel wants it: root file system, cgroup, container,
 * network. It is held to its limits before its first instruction.
 *
 * @param bounds what its cgroup is held to: its limits, with those that it leaves out
 * @throws when any step fails; the caller removes what there is with `destroy`
 */
export async function boot(
  node: NodeContext,
  box: SandboxRecord,
  bounds: CgroupLimits,
): Promise<SandboxRecord> {
  const bundle = bundleOf(node, box)
  mkdirSync(bundle, { recursive: true, mode: 0o700 })
  const exitPipe = join(bundle, 'exit')
  if (!existsSync(exitPipe)) mkfifo(exitPipe, 0o600)
  const idmap = await node.ranges.idmap(box.index)
  const layers = box.layers.map((layer) => join(node.disk, 'layers', layer))
  const rootfs = mountRootfs(join(node.scratch, box.id), layers, volumeOf(node, box), idmap)
  const settling: Promise<void>[] = []
  try {
    makeLeaf(node.hierarchy, box.cgroup)
    applyLimits(node.hierarchy, box.cgroup, bounds, node.device)
    const pid = await startContainer(node, box, bundle, rootfs.path)
    // gVisor has these in its own memory.
    if (box.isolation === 'standard') {
      settling.push(
        boundNamespaces(node.reaper, pid, ipcBounds(memoryOfFiles(box))),
        node.view.prepare(pid, qgroupOf(node.disk, box.volumeId)),
      )
      // One that waits in the pool will be in another.
      if (box.sandboxId !== null) settling.push(node.view.showCgroups(pid, box.cgroup, box.cgroup))
    }
    leaveIdleTrees(node.hierarchy, box.cgroup)
    const began = startTime(pid)
    if (began === undefined) throw new Error('the first process of the sandbox ended at once')
    const running: SandboxRecord = {
      ...box,
      state: 'running',
      failure: null,
      init: { pid, startTime: began },
    }
    saveRecord(directoryOf(node, box), running)
    return running
  } finally {
    await Promise.all([rootfs[Symbol.asyncDispose](), ...settling])
  }
}

export const linkOf = (node: NodeContext, box: SandboxRecord): Link => ({
  name: node.slot.interfaceName(box.index),
  address: node.slot.address(box.index),
})
export const linkPolicyOf = (box: SandboxRecord): LinkPolicy => ({
  policy: box.network,
  mbps: box.limits.networkMbps,
})

async function startContainer(
  node: NodeContext,
  box: SandboxRecord,
  bundle: string,
  rootfs: string,
): Promise<number> {
  const ociRuntime = node.ociRuntimes.of(box.isolation)
  const spec = containerSpec({
    rootfs,
    uidBase: node.slot.uidBase(box.index),
    cgroup: box.cgroup,
    hostname: box.hostname,
    memoryBytes: memoryOfFiles(box),
    filter: node.filter.config(),
    rlimits: ociRuntime.rlimits(box.limits),
  })
  // Open for reading too, or opening would wait for a reader.
  const output = openSync(join(bundle, 'exit'), constants.O_RDWR)
  try {
    return await ociRuntime.start(box.id, bundle, spec, output, async (pid) => {
      settleNetwork(pid, node.slot.uidBase(box.index))
      // What gVisor runs as first process is all of the sandbox, with its memory.
      if (box.isolation === 'standard') spareFirstProcess(pid)
      await node.network.connect(linkOf(node, box), linkPolicyOf(box), pid)
    })
  } finally {
    closeSync(output)
  }
}

/** Ends everything that runs in the sandbox. Its disk stays. Says nothing if nothing runs. */
export async function halt(node: NodeContext, box: SandboxRecord): Promise<void> {
  await endProcesses(node, box)
  node.cpusets.release(box.id)
  // The interface dies with the namespace, a little later; its name and address are needed again now.
  await node.network.disconnect(linkOf(node, box))
}

async function endProcesses(node: NodeContext, box: SandboxRecord): Promise<void> {
  await node.ociRuntimes.of(box.isolation).remove(box.id)
  await endCgroup(node.hierarchy, box.cgroup)
}

/**
 * Removes every trace of a sandbox. Can be called at any point of its life, and again. Nobody waits for the kernel
 * to take its interface away, 30 ms: its place is free again after that.
 */
export async function destroy(node: NodeContext, box: SandboxRecord): Promise<void> {
  const directory = directoryOf(node, box)
  // Whoever finds the rest after a crash may finish what was begun here.
  if (box.sandboxId !== null && existsSync(directory)) saveRecord(directory, { ...box, removing: true })
  await endProcesses(node, box)
  node.cpusets.release(box.id)
  const volume = volumeOf(node, box)
  if (existsSync(volume)) destroyVolume(volume)
  removeMountPoints(join(node.scratch, box.id))
  rmSync(bundleOf(node, box), { recursive: true, force: true })
  removeRecord(directory)
  node.ranges.releaseAfter(box.index, node.network.disconnect(linkOf(node, box)), node.log)
}

/**
 * Ends a sandbox and sets it aside, record and disk, for an operator to decide.
 * @returns the id of the entry
 */
export async function setAside(
  node: NodeContext,
  box: SandboxRecord,
  why: { cause: QuarantineCause; reason: string },
): Promise<string> {
  await endProcesses(node, box)
  const entry = node.quarantine.add(box.id, why)
  removeMountPoints(join(node.scratch, box.id))
  rmSync(bundleOf(node, box), { recursive: true, force: true })
  node.ranges.releaseAfter(box.index, node.network.disconnect(linkOf(node, box)), node.log)
  return entry
}

/** Whether the very process that the record names is alive. */
export function isAlive(box: SandboxRecord): boolean {
  return box.init !== null && startTime(box.init.pid) === box.init.startTime
}

/**
 * Calls `ended` once, when the sandbox's first process is gone: it holds the only writing end of the pipe,
 * so its end is an end of file, with no process for each sandbox. The kernel closes a dying process's files
 * before it is dead, and a tenant may close them on a living one: hence the look at the process itself.
 */
export function watchExit(node: NodeContext, box: SandboxRecord, ended: () => void): void {
  const fd = openSync(join(bundleOf(node, box), 'exit'), constants.O_RDONLY | constants.O_NONBLOCK)
  const pipe = new Socket({ fd, readable: true, writable: false })
  pipe.on('data', () => {
    pipe.pause()
    setTimeout(() => pipe.resume(), nuisancePauseMs).unref()
  })
  pipe.once('error', () => pipe.destroy())
  pipe.once('close', async () => {
    for (let waitMs = 1; isAlive(box); waitMs = Math.min(waitMs * 2, nuisancePauseMs)) {
      await sleep(waitMs, undefined, { ref: false })
    }
    if (box.init !== null) void node.reaper.wait(box.init.pid)
    ended()
  })
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

import { mkdirSync, statfsSync } from 'node:fs'
import { cpus, hostname, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '../common/log.js'
import { every } from '../common/timers.js'
import { type NodeDescription, nodeProtocol } from '../protocol/node/index.js'
import { Builds } from './build/builds.js'
import { prepareCgroupRoot, removeCgroupRoot } from './cgroup/cgroup-root.js'
import { Cpusets, onlineCpus } from './cgroup/cpusets.js'
import { detectHierarchy } from './cgroup/hierarchy.js'
import { prepareHost, reserveForHost, resetOomScoreAdj } from './cgroup/host.js'
import { favorMoves, settleHybrid } from './cgroup/hybrid.js'
import { processesBelow } from './cgroup/kill.js'
import type { Config } from './config.js'
import { SeccompFilter } from './container/filter.js'
import { OciRuntimes } from './container/oci-runtimes.js'
import { readSeccomp } from './container/seccomp.js'
import { type ContainerSpec, capabilities, containerSpec, hostInit } from './container/spec.js'
import { ContentStore } from './content/store.js'
import { serveDegraded } from './degraded.js'
import { Archives } from './files/archives.js'
import { shellPreparer } from './host/client.js'
import { KeptTerminals } from './host/kept.js'
import { createApp } from './http/app.js'
import { Collector } from './image/collector.js'
import { Imports } from './image/import.js'
import { LayerPackings } from './image/packing.js'
import { LayerStore } from './image/store.js'
import { Unpacker } from './image/unpack.js'
import { Installation } from './installation.js'
import { openKernelLog } from './linux/kernel-log.js'
import { availableMemory } from './linux/memory.js'
import { Reaper } from './linux/process.js'
import { maxSandboxes, releaseSlot, takeSlot } from './linux/slot.js'
import { type Listeners, openListeners } from './listeners.js'
import { hostResolver, uninstallFirewall } from './network/firewall.js'
import { raiseArpTableLimits } from './network/neighbours.js'
import { Network } from './network/network.js'
import { Pools } from './pool/pools.js'
import { LateOutput } from './process/late-output.js'
import { deviceOf } from './rootfs/disk.js'
import { DiskReserve } from './rootfs/disk-reserve.js'
import { MountedRoots } from './rootfs/mounted.js'
import { openOrRecoverDisk } from './rootfs/recover.js'
import { readTemplates } from './rootfs/templates.js'
import { routes } from './routes/index.js'
import { terminalProcess } from './routes/processes.js'
import { PooledExecs } from './run/pooled-execs.js'
import { Reports } from './run/report/reports.js'
import { adopt } from './sandbox/adopt.js'
import { capacityError } from './sandbox/capacity.js'
import { isAlive } from './sandbox/lifecycle.js'
import { Maker } from './sandbox/make.js'
import { type NodeContext, Ranges } from './sandbox/node.js'
import { Quarantine } from './sandbox/quarantine.js'
import { readRecords, type SandboxRecord } from './sandbox/record.js'
import { RunSandboxes } from './sandbox/run-sandboxes.js'
import { Searches } from './sandbox/search.js'
import { Sandboxes } from './sandbox/service.js'
import { ServiceKeeper } from './sandbox/service-keeper.js'
import { Tenants } from './sandbox/tenants.js'
import { Snapshots } from './snapshot/snapshots.js'
import { SnapshotImages } from './snapshot/template.js'
import { version } from './version.js'
import { ResourceView } from './view/view.js'
import { Volumes } from './volume/volumes.js'
import { Watches } from './watch/watches.js'

/** Exit status with which the runtime asks whoever runs it to be started again (sysexits.h: EX_TEMPFAIL). */
const restartStatus = 75
/** At the end of the whole node, for databases to write what they have and shells their history. */
const shutdownGraceMs = 10_000
/** Layers that nothing uses take room and nothing else. */
const collectEveryMs = 600_000
/** A disk that could not be mounted anew is not tried again sooner. */
const remountPauseMs = 300_000

/** A runtime that answers on its socket. */
export interface Runtime {
  readonly socket: string
  /** Stops answering. Sandboxes go on, and the next runtime takes them up. */
  close(): Promise<void>
}

/**
 * Makes the parts of the runtime, takes up what an earlier one left, fills the pools and listens.
 * @param program this program's module, which its threads run too
 */
export async function startRuntime(config: Config, log: Logger, program: string): Promise<Runtime> {
  const startedAt = new Date().toISOString()
  const scratch = join(config.run, 'scratch')
  // Tenants' uids walk through it to their root while it is mounted.
  for (const directory of [config.run, scratch]) mkdirSync(directory, { recursive: true, mode: 0o711 })
  const terminals = join(config.run, 'terminals.sock')
  prepareHost()
  resetOomScoreAdj()
  const reaper = new Reaper()
  await settleHybrid()
  const hierarchy = detectHierarchy()
  const boxes = join(config.home, 'boxes')
  const alive = readRecords(boxes).records.filter(
    (sandbox) => sandbox.state === 'running' && isAlive(sandbox),
  )
  const found = await openOrRecoverDisk(config, hierarchy, log)
  const disk = found.root
  const restart = () => {
    log.fatal('starting anew, to mount the disk')
    process.exit(restartStatus)
  }
  if (!found.readable) {
    const problem = found.problem ?? 'the disk of the sandboxes cannot be read'
    return serveDegraded(config, hierarchy, problem, log, restart)
  }
  const startedAtMs = performance.now()
  const remount = () => {
    // At a disk that cannot be mounted a runtime that starts again and again would only be in the way.
    if (found.problem === null || !found.remounted || performance.now() - startedAtMs > remountPauseMs)
      restart()
  }
  const slot = takeSlot(config.instance)
  raiseArpTableLimits()
  const network = await Network.open(
    config.instance,
    slot,
    config.resolvers?.[0] ?? hostResolver(),
    reaper,
    log,
  )
  await prepareCgroupRoot(hierarchy, config.cgroupRoot)
  try {
    reserveForHost(hierarchy, config.cgroupRoot)
  } catch (error) {
    // Sandboxes of an earlier runtime hold more already: it is set at a later start.
    log.warn({ error }, 'the sandboxes together are not bounded')
  }
  await favorMoves(hierarchy.version2).catch((error: unknown) =>
    log.info({ error }, 'claims are some milliseconds slower: this kernel has no favordynmods'),
  )
  const problems = new Set<string>()
  const unreadableTemplates = new Set<string>()
  const installation = new Installation(config.home, (what) => {
    log.error(what)
    problems.add(what)
  })
  const filter = new SeccompFilter(readSeccomp('/usr/share/containers/seccomp.json', capabilities))
  const pooledExecs: PooledExecs = new PooledExecs(() => context)
  const device = await deviceOf(disk)
  const context: NodeContext = {
    ...{ log, slot, disk, scratch, roots: new MountedRoots() },
    hierarchy,
    device,
    cpusets: new Cpusets(onlineCpus(hierarchy, config.cgroupRoot)),
    view: await ResourceView.open(
      program,
      { run: config.run, cgroup: join(config.cgroupRoot, 'lxcfs'), device },
      log,
    ),
    watches: new Watches(program, log),
    ociRuntimes: await OciRuntimes.open(config.run, 'runtime', reaper, filter),
    ...{ reaper, filter },
    boxes,
    passing: { boxes: join(config.run, 'boxes'), bundles: join(config.run, 'bundles') },
    cgroupRoot: config.cgroupRoot,
    ranges: new Ranges(slot),
    network,
    lateOutput: new LateOutput(),
    keptTerminals: new KeptTerminals(terminals, log),
    prepareShell: shellPreparer(terminals, terminalProcess({}), log),
    prepareExec: (sandbox) => pooledExecs.prepare(sandbox),
    memoryReserveBytes: config.memoryReserveBytes,
    diskReserve: new DiskReserve(config.home, disk, log, remount, config.diskReserveBytes),
    quarantine: new Quarantine({ home: config.home, disk, days: config.quarantineDays }),
    problems,
  }
  const findTemplates = () => {
    unreadableTemplates.clear()
    return readTemplates(disk, (file, error) => {
      log.error({ file, err: error }, 'a template cannot be read and is not offered')
      unreadableTemplates.add(`the template file ${file} cannot be read, and the template is not offered`)
    })
  }
  let templates = await findTemplates()
  const tryHardened = async () => {
    if (![...templates.values()].some(({ isolation }) => isolation.includes('hardened'))) return
    await context.ociRuntimes.tryHardened(hostSpec(context))
    const problem = context.ociRuntimes.hardenedProblem
    if (problem !== null) log.warn({ problem }, 'no sandbox can be hardened here')
  }
  await tryHardened()
  const tenants = new Tenants(context)
  const maker = new Maker(context, () => templates, tenants)
  const pools = new Pools(
    context,
    () => templates,
    config.pool,
    maker,
    () => sandboxes.list().length,
  )
  const kernelLog = openKernelLog(log)
  const serviceKeeper: ServiceKeeper = new ServiceKeeper(context, terminals, () => sandboxes)
  const sandboxes: Sandboxes = new Sandboxes(
    ...([context, () => templates, maker, tenants, pools] as const),
    () => kernelLog?.oomKills() ?? [],
    (...of) => snapshots.source(...of),
    (...of) => volumes.hold(...of),
    serviceKeeper,
  )
  const runSandboxes = new RunSandboxes(context, maker, tenants, pools)
  const searches = new Searches(context, sandboxes, runSandboxes, (...of) => volumes.hold(...of))
  const { claimed, pooled } = await adopt(context)
  context.ranges.openAhead()
  for (const one of claimed) sandboxes.adopt(one)
  for (const one of pooled) pools.adopt(one)
  for (const one of claimed) context.lateOutput.adopt(one.id, processesBelow(hierarchy, one.cgroup))
  const snapshots = new Snapshots(context, sandboxes, config.home)
  const volumes = new Volumes(context, () => sandboxes.list(), config.home)
  pools.open()
  if (found.remounted) await startAgain(sandboxes, alive, log)

  const describeNode = async (): Promise<NodeDescription> => {
    const diskReserve = statfsSync(disk)
    return {
      ...{
        name: hostname(),
        version,
        protocol: nodeProtocol,
        kernel: release(),
        cgroupVersion: context.hierarchy.version,
        startedAt,
      },
      ...{ cpus: cpus().length, load1: loadavg()[0] ?? 0 },
      memoryTotalBytes: totalmem(),
      memoryAvailableBytes: availableMemory(),
      diskTotalBytes: diskReserve.blocks * diskReserve.bsize,
      diskUsedBytes: (diskReserve.blocks - diskReserve.bfree) * diskReserve.bsize,
      hostFreeBytes: context.diskReserve.hostFreeBytes,
      hardenedProblem: context.ociRuntimes.hardenedProblem,
      viewProblem: context.view.problem,
      full: capacityError(context),
      ...{ installation: installation.id, nodeId: installation.node },
      quarantined: context.quarantine.ids().length,
      problems: [...problems, ...unreadableTemplates, ...listeners.problems()],
      sandboxes: sandboxes.list().length,
      running: sandboxes.list().filter((sandbox) => sandboxes.stateOf(sandbox) === 'running').length,
      pools: pools.status(),
    }
  }
  let reloaded: Promise<void> = Promise.resolve()
  // One after the other: what was read first must not come last, or a new template would be hidden.
  const reloadTemplates = () => {
    const next = reloaded.then(async () => {
      templates = await findTemplates()
      await tryHardened()
      pools.refill()
    })
    reloaded = next.catch(() => {}) // whoever asked for it hears of it
    return next
  }
  const shutdown = async () => {
    await builds.cancelAll()
    await pools.close()
    await runSandboxes.releaseAll()
    // All at once, so that a node ends within one grace however many it holds.
    await sandboxes.stopAll(shutdownGraceMs)
    tenants.close()
    await context.ranges.settled()
    await context.view.shutdown()
    await removeCgroupRoot(context.hierarchy, context.cgroupRoot)
    await uninstallFirewall(config.instance)
    releaseSlot(slot)
  }
  const content = new ContentStore(disk, context.diskReserve)
  const expiring = every(600_000, 'ending uploads that nobody continues', log, () => content.expire())
  const archives = new Archives(program, log)
  const reports = new Reports(program)
  const layers = new LayerStore(disk)
  void layers
    .clear()
    .catch((error: unknown) => log.error({ error }, 'what imports of images left is still there'))
  const known = function* () {
    for (const { layers: used } of [...templates.values(), ...sandboxes.list(), ...snapshots.records()])
      yield* used
  }
  const collector = new Collector(
    { home: config.home, disk, records: [boxes, context.passing.boxes] },
    layers,
    log,
    known,
    config.layerGraceMs,
    config.buildCacheMs,
  )
  const collecting = every(collectEveryMs, 'removing layers that nothing uses', log, () =>
    collector.collect(),
  )
  const imports = new Imports(
    context,
    layers,
    () => new Unpacker(program, reaper, config.imageLayerBytes),
    () => templates,
  )
  const builds: Builds = new Builds({
    ...{ node: context, store: layers, collector, maker, tenants, archives },
    ...{ templates: () => templates, reloadTemplates },
  })
  const images = new SnapshotImages({
    ...{ node: context, snapshots, store: layers, templates: () => templates },
    packings: new LayerPackings(context, layers, archives),
  })
  const services = {
    ...{ images, layers },
    ...{ archives, builds, content, installation, imports, collector },
    ...{ terminals, context, sandboxes, snapshots, volumes, runSandboxes, searches },
    ...{ pools, pooledExecs, reports, describeNode, shutdown },
    ...{ templates: () => templates, reloadTemplates },
  }
  const listeners: Listeners = await openListeners(await createApp(routes(services), log), config, log)
  const { socket } = listeners
  log.info({ socket, sandboxes: claimed.length, templates: [...templates.keys()] }, 'ready')
  return {
    socket,
    close: () => {
      collecting[Symbol.dispose]()
      expiring[Symbol.dispose]()
      serviceKeeper.close()
      network.close()
      kernelLog?.close()
      void archives.close()
      void reports.close()
      void context.watches.close()
      void context.view.close()
      context.diskReserve.close()
      return listeners.close()
    },
  }
}

/** Starts those again that were killed for the disk to be mounted anew. */
async function startAgain(sandboxes: Sandboxes, boxes: readonly SandboxRecord[], log: Logger): Promise<void> {
  for (const { sandboxId } of boxes) {
    if (sandboxId === null) continue
    await sandboxes
      .start(sandboxId)
      .catch((error: unknown) => log.error({ error, sandboxId }, 'a sandbox could not be started again'))
  }
}

/** A container that runs on the host's own files and reads them only: to see whether one can be started. */
function hostSpec({ slot, cgroupRoot, filter }: NodeContext): ContainerSpec {
  const spec = containerSpec({
    ...{ rootfs: '/', uidBase: slot.uidBase(maxSandboxes), cgroup: join(cgroupRoot, 'probe') },
    ...{ hostname: 'probe', memoryBytes: 256 * 1024 ** 2, filter: filter.config() },
  })
  // Nothing can be mounted into the host's own files; there it is where it is.
  const mounts = spec.mounts.filter(({ type }) => type !== 'bind')
  const first = { ...spec.process, args: [hostInit, '-P'] }
  return { ...spec, mounts, process: first, root: { path: '/', readonly: true } }
}

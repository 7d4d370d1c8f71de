import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { detectHierarchy } from '../cgroup/hierarchy.js'
import { unshareFs } from '../linux/libc.js'
import { startTime } from '../linux/process.js'
import { Lxcfs } from './lxcfs.js'
import { type ViewMessage, type ViewRequest, viewOptions, viewRequest } from './messages.js'
import { cgroupTrees, Namespaces } from './mounts.js'

/** How often the daemon is looked at, and how long it may take to answer. */
const [everyMs, withinMs] = [1000, 3000]
/** One that ends again and again is started after this, after twice as long, and so on up to the last. */
const [firstPauseMs, lastPauseMs] = [50, 30_000]
/** A daemon that lived for so long was not started in vain. */
const settledMs = 60_000

/**
 * The thread that enters the mount namespaces of sandboxes, which the runtime's first thread cannot (its threads share
 * a root), and watches the daemon. What the runtime's own calls wait for when the daemon hangs, this thread ends.
 */
export function runViewThread(): void {
  const port = parentPort
  if (port === null) throw new Error('not a thread')
  const tell = (message: ViewMessage) => port.postMessage(message)
  const { run, cgroup, device } = viewOptions.parse(workerData)
  unshareFs()
  const hierarchy = detectHierarchy()
  const names = cgroupTrees(hierarchy).map(({ name }) => name)
  const namespaces = new Namespaces()
  const lxcfs = new Lxcfs(run, hierarchy, cgroup, device)
  /** First processes of sandboxes, and when they began. */
  const sandboxes = new Map<number, number>()
  let closing = false
  let renewing: Promise<string | null> | undefined

  const know = (pid: number) => {
    const began = startTime(pid)
    if (began !== undefined) sandboxes.set(pid, began)
  }
  const replaceEverywhere = () => {
    for (const [pid, began] of sandboxes) {
      if (startTime(pid) !== began) sandboxes.delete(pid)
      else attempt(() => namespaces.replaceFiles(pid))
    }
  }

  /** A new daemon, whatever the old one does. @returns why there is none, or null */
  const renew = async (): Promise<string | null> => {
    namespaces.dropFiles()
    try {
      await lxcfs.stop()
      await lxcfs.start()
      namespaces.showFiles(lxcfs.root)
      return null
    } catch (error) {
      await lxcfs.stop()
      return error instanceof Error ? error.message : String(error)
    } finally {
      replaceEverywhere()
    }
  }

  const watch = async () => {
    let problem = await lxcfs.problem(withinMs)
    if (problem === null) namespaces.showFiles(lxcfs.root)
    else problem = await renew()
    tell({ problem })
    let pauseMs = firstPauseMs
    for (let beganAt = performance.now(); !closing; ) {
      await sleep(problem === null ? everyMs : pauseMs)
      if (closing) return
      const found = problem ?? (await lxcfs.problem(withinMs))
      if (found === null) continue
      if (closing) return
      if (problem === null) tell({ problem: found })
      if (performance.now() - beganAt > settledMs) pauseMs = firstPauseMs
      else pauseMs = Math.min(pauseMs * 2, lastPauseMs)
      renewing = renew()
      problem = await renewing
      beganAt = performance.now()
      tell({ problem })
    }
  }

  const perform = async (request: ViewRequest) => {
    if (request.act === 'shutdown') {
      closing = true
      // One that is being started now must not be left alone.
      await renewing
      namespaces.dropFiles()
      return lxcfs.stop()
    }
    if (request.act === 'cgroups') {
      return namespaces.showCgroups(request.pid, hierarchy, request.path, request.from)
    }
    know(request.pid)
    if (request.act === 'prepare') namespaces.prepare(request.pid, names, request.volume)
    else if (request.act === 'cover') namespaces.cover(request.pid)
    else if (!shows(request.pid, lxcfs.root)) namespaces.replaceFiles(request.pid)
  }
  port.on('message', (message: unknown) => {
    const request = viewRequest.parse(message)
    perform(request).then(
      () => tell({ id: request.id, error: null }),
      (error: unknown) =>
        tell({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
    )
  })
  setInterval(() => {
    for (const [pid, began] of sandboxes) if (startTime(pid) !== began) sandboxes.delete(pid)
  }, settledMs).unref()
  void watch()
}

/** Whether a sandbox has the files of the daemon that is mounted at `root`, not those of an earlier one. */
function shows(pid: number, root: string): boolean {
  return deviceAt('/proc/meminfo', `/proc/${pid}/mountinfo`) === deviceAt(root, '/proc/self/mountinfo')
}

function deviceAt(target: string, mounts: string): string | undefined {
  const lines = readFileSync(mounts, 'utf8').split('\n')
  return lines.map((line) => line.split(' ')).findLast((fields) => fields[4] === target)?.[2]
}

function attempt(act: () => void): void {
  try {
    act()
  } catch {
    // The sandbox ended meanwhile; one that lives is tried again with the next daemon.
  }
}

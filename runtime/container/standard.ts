import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { sethostname, setns } from '../linux/libc.js'
import { ignoresTerm, killTree, type Reaper, signal, signalTree, terminalSession } from '../linux/process.js'
import { type Crun, execInContainer, runContainer } from './crun.js'
import { crunState } from './crun-state.js'
import type { SeccompFilter } from './filter.js'
import type { OciRuntime } from './oci-runtime.js'

const newUts = 0x04000000

/** Sandboxes on the host's own kernel, by crun. */
export function standardRuntime(oci: Crun, reaper: Reaper, filter?: SeccompFilter): OciRuntime {
  const state = crunState(oci)
  return {
    isolation: 'standard',
    program: oci.program,
    linksLater: true,
    signals: { lookMs: 100, most: Number.POSITIVE_INFINITY },
    lostCommand: undefined,
    inheritsDescriptors: true,
    async start(id, bundle, spec, output, connect) {
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec))
      const pid = await runContainer(oci, reaper, id, bundle, output)
      await hasBegun(pid, basename(oci.program))
      filter?.learn(oci, id)
      state.learn(id)
      await connect(pid)
      return pid
    },
    remove: (id) => state.remove(id),
    list: () => state.list(),
    initOf: (id) => state.initOf(id),
    rootOf: (_, init) => init,
    exec: async (id, files, stdio) => ({
      pid: await execInContainer(oci, reaper, id, files, stdio),
      inside: undefined,
    }),
    kill: async (_, { pid }) => killTree(pid),
    signalTree: async (_, { pid }, name) => signalTree(pid, name),
    processes: async (_, init, held) =>
      held.flatMap((pid) => {
        const session = pid === init ? undefined : terminalSession(pid)
        return session === undefined ? [] : [{ pid, session, ignoresTerm: ignoresTerm(pid) ? 'yes' : 'no' }]
      }),
    async signal(_, pid, names) {
      for (const name of names) signal(pid, name)
    },
    get relocates() {
      return state.relocates
    },
    relocated: (id, cgroup) => state.relocated(id, cgroup),
    nameHost: async (_, init, hostname) => nameHost(init, hostname),
    hostLimits: (limits) => limits,
    rlimits: () => [],
    adapts: () => true,
  }
}

/**
 * Resolves when a container's first process is what it is to be. crun is through a moment before, and until then
 * the kernel lets nobody join: setns(2) answers EPERM, for the process cannot be traced yet.
 */
async function hasBegun(pid: number, program: string): Promise<void> {
  for (let tries = 0; tries < 5000; tries++) {
    try {
      if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(program)) return
    } catch {
      return // it has ended, and whoever looks for it will see
    }
    await (tries < 20 ? nextTurn() : sleep(1))
  }
}

/** Names a container's host from outside: only this thread visits its UTS namespace, and only for two calls. */
function nameHost(pid: number, hostname: string): void {
  const own = openSync('/proc/self/ns/uts', 'r')
  const theirs = openSync(`/proc/${pid}/ns/uts`, 'r')
  try {
    setns(theirs, newUts)
    sethostname(hostname)
  } finally {
    setns(own, newUts)
    closeSync(own)
    closeSync(theirs)
  }
}

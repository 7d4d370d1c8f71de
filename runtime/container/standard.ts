import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sethostname, setns } from '../linux/libc.js'
import { killTree, type Reaper } from '../linux/process.js'
import {
  containerIds,
  deleteContainer,
  execInContainer,
  initOf,
  type OciRuntime,
  rewriteCgroupPath,
  runContainer,
} from './crun.js'
import type { Engine } from './engine.js'
import type { SeccompFilter } from './filter.js'

const newUts = 0x04000000

/** Sandboxes on the host's own kernel, by crun. */
export function standardEngine(oci: OciRuntime, reaper: Reaper, filter?: SeccompFilter): Engine {
  return {
    isolation: 'standard',
    program: oci.program,
    linksLater: true,
    inheritsDescriptors: true,
    async start(id, bundle, spec, output, connect) {
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec))
      const pid = await runContainer(oci, reaper, id, bundle, output)
      filter?.learn(oci, id)
      await connect(pid)
      return pid
    },
    remove: (id) => deleteContainer(oci, id),
    list: () => containerIds(oci),
    initOf: (id) => initOf(oci, id),
    rootOf: (_, init) => init,
    exec: async (id, files, stdio) => ({
      pid: await execInContainer(oci, reaper, id, files, stdio),
      inside: undefined,
    }),
    kill: async (_, { pid }) => killTree(pid),
    relocated: (id, cgroup) => rewriteCgroupPath(oci, id, cgroup),
    nameHost: async (_, init, hostname) => nameHost(init, hostname),
    hostLimits: (limits) => limits,
    rlimits: () => [],
    adapts: () => true,
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

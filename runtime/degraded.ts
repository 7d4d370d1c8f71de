import { statfsSync } from 'node:fs'
import { cpus, hostname, loadavg, release, totalmem } from 'node:os'
import type { Logger } from '../common/log.js'
import { every } from '../common/timers.js'
import { type NodeDescription, nodeProtocol } from '../protocol/node/index.js'
import type { Hierarchy } from './cgroup/hierarchy.js'
import { killBelow } from './cgroup/kill.js'
import type { Config } from './config.js'
import { RuntimeRefusal } from './errors.js'
import { createApp, type Routes } from './http/app.js'
import { speakOneProtocol } from './http/protocol.js'
import { availableMemory } from './linux/memory.js'
import { openListeners } from './listeners.js'
import { version } from './version.js'

const retryAfterSeconds = 60

/**
 * What answers while the disk of the sandboxes cannot even be read: that the process lives, and what is wrong. Every
 * other call is refused with `runtime_unavailable`, so that the server takes no sandbox for lost. Once a minute `retry`
 * is called.
 */
export async function serveDegraded(
  config: Config,
  hierarchy: Hierarchy,
  problem: string,
  log: Logger,
  retry: () => void,
): Promise<{ readonly socket: string; close(): Promise<void> }> {
  const startedAt = new Date().toISOString()
  const refuse = async () => {
    throw new RuntimeRefusal('runtime_unavailable', problem, retryAfterSeconds)
  }
  const routes: Routes = async (app) => {
    speakOneProtocol(app)
    app.get('/healthz', async () => ({ status: 'degraded', problem }))
    app.get('/node', async () => describeNode(config, hierarchy, problem, startedAt))
    app.post('/shutdown', async (_, reply) => {
      await killBelow(hierarchy, config.cgroupRoot)
      reply.code(204)
    })
    app.all('/*', refuse)
  }
  const listeners = await openListeners(await createApp(routes, log), config, log)
  const retrying = every(retryAfterSeconds * 1000, 'trying the disk again', log, retry)
  log.fatal({ problem }, 'answering without the disk: sandboxes cannot be made, started or used')
  return {
    socket: listeners.socket,
    close: () => {
      retrying[Symbol.dispose]()
      return listeners.close()
    },
  }
}

function describeNode(
  config: Config,
  { version: cgroupVersion }: Hierarchy,
  problem: string,
  startedAt: string,
): NodeDescription {
  const { bavail, bsize } = statfsSync(config.home)
  return {
    ...{ name: hostname(), version, protocol: nodeProtocol, kernel: release(), cgroupVersion, startedAt },
    ...{ cpus: cpus().length, load1: loadavg()[0] ?? 0 },
    ...{ memoryTotalBytes: totalmem(), memoryAvailableBytes: availableMemory() },
    ...{ diskTotalBytes: 0, diskUsedBytes: 0, hostFreeBytes: bavail * bsize, hardenedProblem: null },
    viewProblem: null,
    ...{ full: problem, installation: null, nodeId: null, quarantined: 0, problems: [problem] },
    ...{ sandboxes: 0, running: 0, pools: [] },
  }
}

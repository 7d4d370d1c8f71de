import { z } from 'zod'
import { portNumber } from '../../protocol/api/index.js'
import { portLine } from '../../protocol/node/index.js'
import { processesBelow } from '../cgroup/kill.js'
import { RuntimeRefusal } from '../errors.js'
import type { Routes } from '../http/app.js'
import { switching, takeLine } from '../http/upgrade.js'
import { HardenedPorts } from '../ports/hardened.js'
import { join, PortLines } from '../ports/lines.js'
import { listeningPorts } from '../ports/listening.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'
import type { Sandboxes } from '../sandbox/service.js'
import { existing } from './params.js'

const one = existing.extend({ port: z.coerce.number().pipe(portNumber) })

interface Parts {
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
}

/** What listens inside a sandbox, and connections to it. */
export const portRoutes =
  ({ context, sandboxes }: Parts): Routes =>
  async (app) => {
    const hardened = new HardenedPorts(context)
    const lines = new PortLines()
    sandboxes.events.on('paused', (sandbox) => lines.cut(sandbox))
    app.get('/sandboxes/:id/ports', { schema: { params: existing } }, async ({ params }) => {
      const sandbox = sandboxes.get(params.id)
      if (sandboxes.stateOf(sandbox) !== 'running' || sandbox.init === null) return { ports: [] }
      if (sandbox.isolation === 'hardened') return { ports: await hardened.list(sandbox) }
      const processes = processesBelow(context.hierarchy, sandbox.cgroup)
      return { ports: await listeningPorts(sandbox.init.pid, processes) }
    })
    app.get('/sandboxes/:id/ports/:port/connect', { schema: { params: one } }, async (request, reply) => {
      // In one that is paused the kernel would accept the connection, and nobody would ever answer.
      const sandbox = sandboxes.running(request.params.id)
      refuseHardened(sandbox)
      const inside = await lines.connect(sandbox, request.params.port)
      try {
        // It may have been paused meanwhile.
        sandboxes.running(request.params.id)
        const line = takeLine(request, reply, portLine)
        line.write(switching(portLine))
        join(line, inside)
      } catch (error) {
        inside.destroy()
        throw error
      }
    })
  }

/**
 * gVisor keeps the sockets of its sandbox in a network stack of its own, which no thread of the host can enter. Its own
 * `runsc port-forward` ends the whole sandbox when an answer is large (release 20240729).
 */
function refuseHardened({ isolation }: SandboxRecord): void {
  if (isolation === 'hardened') {
    throw new RuntimeRefusal('conflict', 'ports of hardened sandboxes can be listed, but not reached')
  }
}

import { runBounds } from '../../protocol/api/index.js'
import { type RuntimeRunEvent, runtimeRun } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { Route } from '../http/server.js'
import { failureOf } from '../run/lost.js'
import type { PooledExecs } from '../run/pooled-execs.js'
import { performRun } from '../run/run.js'
import type { NodeContext } from '../sandbox/node.js'
import type { RunSandboxes } from '../sandbox/run-sandboxes.js'
import type { Sandboxes } from '../sandbox/service.js'

/** Live output that waits for a slow reader. */
const aheadBytes = 1024 ** 2

interface Parts {
  readonly context: NodeContext
  readonly runSandboxes: RunSandboxes
  readonly sandboxes: Sandboxes
  readonly pooledExecs: PooledExecs
}

/** `POST /runs` of `protocol/run.ts`: events as lines of JSON while it goes, canceled when the line is closed. */
export function runRoutes({ context, runSandboxes, sandboxes, pooledExecs }: Parts): Route[] {
  return [
    {
      method: 'POST',
      path: /^\/runs$/,
      handle: async (request) => {
        const run = await request.body(runtimeRun)
        const { response } = request
        const cancel = new AbortController()
        response.once('close', () => cancel.abort())
        const emit = (event: RuntimeRunEvent) => {
          // Until the first word nothing is sent, so that a refusal is an answer in good order.
          if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
          // Who does not read misses live output; the result holds it.
          if (event.type === 'output' && response.writableLength > aheadBytes) return
          if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`)
        }
        try {
          const result = await performRun({
            ...{
              node: context,
              runSandboxes: runSandboxes,
              tenants: sandboxes.tenants,
              pooledExecs: pooledExecs,
              run,
              emit,
            },
            canceled: cancel.signal,
            room: runBounds.keptBytes,
          })
          emit({ type: 'end', result })
        } catch (error) {
          const failure = failureOf(error)
          if (failure.code === 'internal') {
            context.log.error({ error, run: run.id }, 'an attempt of a run is lost')
          }
          if (!response.headersSent) throw new RuntimeRefusal(failure.code, failure.message)
          emit({ type: 'failed', ...failure })
        }
        response.end()
      },
    },
  ]
}

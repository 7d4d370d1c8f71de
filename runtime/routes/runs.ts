import { runBounds } from '../../protocol/api/index.js'
import { type RuntimeRunEvent, runtimeRun } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { Routes } from '../http/app.js'
import { failureOf } from '../run/lost.js'
import type { PooledExecs } from '../run/pooled-execs.js'
import type { Reports } from '../run/report/reports.js'
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
  readonly reports: Reports
}

/** Runs whose last lease is remembered: longer than any server stays behind, at forty a second. */
const remembered = 20_000

/** A run that a server has begun here. */
interface Begun {
  readonly lease: number
  readonly cancel: AbortController
  readonly ended: Promise<unknown>
}

/**
 * Of two servers that both believe to hold a run the one with the higher lease is right: what the other one began is
 * ended before the program starts again, and what it begins late is refused. So no run goes on twice here.
 */
class RunFence {
  readonly #begun = new Map<string, Begun>()

  /** @throws RuntimeRefusal `conflict` when the run was given to somebody else since */
  async enter(id: string, lease: number, cancel: AbortController, ended: Promise<unknown>): Promise<void> {
    for (let known = this.#begun.get(id); known !== undefined; known = this.#begun.get(id)) {
      if (known.lease >= lease) throw new RuntimeRefusal('conflict', `run ${id} has another lease by now`)
      known.cancel.abort()
      await known.ended
      if (this.#begun.get(id) === known) this.#begun.delete(id)
    }
    this.#begun.set(id, { lease, cancel, ended })
    for (const [oldest] of this.#begun) {
      if (this.#begun.size <= remembered) break
      this.#begun.delete(oldest)
    }
  }
}

/** `POST /runs`: events as lines of JSON while it goes, canceled when the connection is closed. */
export const runRoutes =
  ({ context, runSandboxes, sandboxes, pooledExecs, reports }: Parts): Routes =>
  async (app) => {
    const fence = new RunFence()
    app.post('/runs', { schema: { body: runtimeRun } }, async ({ body: run }, reply) => {
      const response = reply.raw
      const cancel = new AbortController()
      response.once('close', () => cancel.abort())
      let over = () => {}
      const ended = new Promise<void>((resolve) => {
        over = resolve
      })
      if (run.lease !== undefined) await fence.enter(run.id, run.lease, cancel, ended)
      const emit = (event: RuntimeRunEvent) => {
        // Until the first word nothing is sent, so that a refusal is an answer in good order.
        if (!reply.sent) {
          reply.hijack()
          response.writeHead(200, { 'content-type': 'application/x-ndjson' })
        }
        // Who does not read misses live output; the result holds it.
        if (event.type === 'output' && response.writableLength > aheadBytes) return
        if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`)
      }
      try {
        const result = await performRun({
          ...{ node: context, runSandboxes, tenants: sandboxes.tenants, pooledExecs, reports, run, emit },
          ...{ canceled: cancel.signal, room: runBounds.keptBytes },
        })
        emit({ type: 'end', result })
      } catch (error) {
        const failure = failureOf(error)
        if (failure.code === 'internal') {
          context.log.error({ error, run: run.id }, 'an attempt of a run is lost')
        }
        if (!reply.sent) throw new RuntimeRefusal(failure.code, failure.message)
        emit({ type: 'failed', ...failure })
      } finally {
        over()
      }
      response.end()
    })
  }

import type { ServerResponse } from 'node:http'
import { every } from '../../common/timers.js'
import { type WatchEvent, watchQuery } from '../../protocol/api/index.js'
import { refusing } from '../files/refusal.js'
import type { Routes } from '../http/app.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'
import { existing } from './params.js'

/** Events that wait for a slow reader: with more of them it is told to read anew instead. */
const aheadBytes = 256 * 1024
/** An empty line whenever nothing was said for so long, so that it is known that the node is there. */
const heartbeatMs = 20_000

/** `GET /sandboxes/{id}/files/watch`: events as lines of JSON until the reader leaves, or `end` was told. */
export const watchRoutes =
  ({ sandboxes, context }: { readonly sandboxes: Sandboxes; readonly context: NodeContext }): Routes =>
  async (app) => {
    app.get(
      '/sandboxes/:id/files/watch',
      { schema: { params: existing, querystring: watchQuery } },
      async ({ params, query: { path, recursive } }, reply) => {
        const response = reply.raw
        const early: WatchEvent[] = []
        let hear = (event: WatchEvent): void => {
          early.push(event)
        }
        const wanted = { path, recursive: recursive === 'true' }
        const leave = await refusing(path, () => sandboxes.watch(params.id, wanted, (event) => hear(event)))
        reply.hijack()
        response.writeHead(200, { 'content-type': 'application/x-ndjson' })
        response.flushHeaders()
        const heartbeat = every(heartbeatMs, 'saying that a watch goes on', context.log, () => {
          if (!response.writableNeedDrain) response.write('\n')
        })
        const over = () => {
          heartbeat[Symbol.dispose]()
          leave()
        }
        // It may have been closed while the watch began.
        if (response.destroyed || response.closed) return over()
        response.once('close', over)
        hear = teller(response)
        for (const event of early) hear(event)
      },
    )
  }

/** Writes events for a reader that may be slow. */
function teller(response: ServerResponse): (event: WatchEvent) => void {
  let behind = false
  let complete = true
  const write = (event: WatchEvent) => response.write(`${JSON.stringify(event)}\n`)
  response.on('drain', () => {
    if (behind) write({ type: 'rescan', complete })
    behind = false
  })
  return (event) => {
    if (response.destroyed) return
    if ('complete' in event) complete = event.complete
    if (event.type === 'end') response.end(`${JSON.stringify(event)}\n`)
    else if (response.writableLength > aheadBytes) behind = true
    else if (!behind) write(event)
  }
}

import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { execRequest, volumeId } from '../../protocol/api/index.js'
import { encodeFrame, encodeJsonFrame, frameType, searchVolume } from '../../protocol/node/index.js'
import type { Routes } from '../http/app.js'
import { sendFrames } from '../http/frames.js'
import { type RunningExec, startExec } from '../sandbox/exec.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Searches } from '../sandbox/search.js'
import type { Sandboxes } from '../sandbox/service.js'
import { existing } from './params.js'

interface Parts {
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
  readonly searches: Searches
}

/**
 * `POST /sandboxes/:id/exec`: frames as the command writes. Closing the connection kills it. `search` is the same for
 * commands that only read files, and also of a sandbox in which nothing runs.
 */
export const execRoutes =
  ({ context, sandboxes, searches }: Parts): Routes =>
  async (app) => {
    const schema = { params: existing, body: execRequest }
    app.post('/sandboxes/:id/exec', { schema }, async ({ params, body }, reply) => {
      const sandbox = await sandboxes.ready(params.id)
      await answer(context, reply, await startExec(context, sandbox, body))
    })
    app.post('/sandboxes/:id/search', { schema }, async ({ params, body }, reply) => {
      await answer(context, reply, await searches.start(params.id, body))
    })
    app.post(
      '/volumes/:id/search',
      { schema: { params: z.object({ id: volumeId }), body: searchVolume } },
      async ({ params, body }, reply) => {
        await answer(context, reply, await searches.inVolume(params.id, body))
      },
    )
  }

async function answer(context: NodeContext, reply: FastifyReply, running: RunningExec): Promise<void> {
  const frames = sendFrames(reply)
  const { out } = frames
  frames.onGone(() => running.kill())
  const exit = await running
    .follow((stream, bytes, pipe) => {
      if (out.writableEnded || out.destroyed || out.write(encodeFrame(frameType[stream], bytes))) return
      // A reader that is slow makes the command wait, not this process grow.
      pipe.pause()
      out.once('drain', () => pipe.resume())
    })
    .catch((error: unknown) => {
      // Its answer has begun: that it breaks off is all that can still be said.
      context.log.error({ error }, 'a command was lost')
      out.destroy()
    })
  if (exit !== undefined) frames.end(encodeJsonFrame(frameType.exit, exit))
}

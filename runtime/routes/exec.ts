import { execRequest } from '../../protocol/api/index.js'
import { encodeFrame, encodeJsonFrame, frameType } from '../../protocol/node/index.js'
import type { Routes } from '../http/app.js'
import { sendFrames } from '../http/frames.js'
import { startExec } from '../sandbox/exec.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'
import { existing } from './params.js'

interface Parts {
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
}

/** `POST /sandboxes/:id/exec`: frames as the command writes. Closing the connection kills it. */
export const execRoutes =
  ({ context, sandboxes }: Parts): Routes =>
  async (app) => {
    app.post(
      '/sandboxes/:id/exec',
      { schema: { params: existing, body: execRequest } },
      async ({ params, body }, reply) => {
        const sandbox = await sandboxes.ready(params.id)
        const running = await startExec(context, sandbox, body)
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
      },
    )
  }

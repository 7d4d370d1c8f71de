import { type NodeBuildEvent, nodeBuild, nodeBuildBytes } from '../../protocol/node/index.js'
import type { Builds } from '../build/builds.js'
import { RuntimeRefusal } from '../errors.js'
import type { Routes } from '../http/app.js'
import { bytesOf, takeBytes } from '../http/bytes.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import { describedNew } from './templates.js'

/** `POST /builds`: events as lines of JSON while it goes, canceled when the connection is closed. */
export const buildRoutes =
  ({ builds, context }: { readonly builds: Builds; readonly context: NodeContext }): Routes =>
  async (app) => {
    takeBytes(app)
    app.post('/builds', async (request, reply) => {
      const response = reply.raw
      const closed = new AbortController()
      response.once('close', () => closed.abort())
      const body = bytesOf(request)
      try {
        const { line, rest } = await firstLine(body)
        const wanted = nodeBuild.safeParse(json(line))
        if (!wanted.success) throw new RuntimeRefusal('invalid_request', wanted.error.message)
        const accepted = () => {
          reply.hijack()
          response.writeHead(200, { 'content-type': 'application/x-ndjson' })
          response.flushHeaders()
        }
        const emit = (event: NodeBuildEvent) => {
          if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`)
        }
        const describe = (template: LocalTemplate) => describedNew({ context }, template)
        await builds.run(wanted.data, rest, closed.signal, { accepted, emit, describe })
      } catch (error) {
        if (!closed.signal.aborted) throw error
        // Whoever asked has gone: nobody hears how it ended.
        if (!reply.sent) reply.hijack()
      } finally {
        await body.return().catch(() => {}) // the connection has broken
      }
      if (!response.destroyed) response.end()
    })
  }

function json(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch {
    throw new RuntimeRefusal('invalid_request', 'the first line is no JSON')
  }
}

/** The first line of a body, and what comes after it. */
async function firstLine(
  body: AsyncGenerator<Uint8Array, void>,
): Promise<{ line: Buffer; rest: AsyncGenerator<Uint8Array> }> {
  const parts: Buffer[] = []
  let bytes = 0
  for (;;) {
    const next = await body.next()
    if (next.done) throw new RuntimeRefusal('invalid_request', 'the body ends in its first line')
    const part = Buffer.from(next.value)
    const end = part.indexOf(0x0a)
    parts.push(end < 0 ? part : part.subarray(0, end))
    bytes += part.length
    if (end >= 0) {
      const left = part.subarray(end + 1)
      const rest = (async function* () {
        if (left.length > 0) yield left
        for (let more = await body.next(); !more.done; more = await body.next()) yield more.value
      })()
      return { line: Buffer.concat(parts), rest }
    }
    if (bytes > nodeBuildBytes) throw new RuntimeRefusal('invalid_request', 'the first line is too long')
  }
}

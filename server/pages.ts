import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import serveFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import next from 'next'

/**
 * What a page may load and where it may speak to. Scripts only with this answer's nonce; WebAssembly, in which the
 * terminal decodes pictures, only from those scripts; styles inline, because
 * xterm draws with them; frames only for a PDF that the page has made a blob of, and for previews; nothing from anywhere
 * else, and nobody may frame us.
 */
function contentSecurityPolicy(nonce: string, host: string, frames: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic' 'wasm-unsafe-eval'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    ['frame-src blob:', ...frames].join(' '),
    `connect-src 'self' ws://${host} wss://${host}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/**
 * Serves Next's production build in `directory` for everything that is no call.
 * @param frames what pages may show in a frame, as sources of a content security policy
 */
export async function servePages(
  app: FastifyInstance,
  directory: string,
  host: string,
  frames: readonly string[],
): Promise<void> {
  const pages = next({ dev: false, dir: directory, hostname: '127.0.0.1', port: 0 })
  await pages.prepare()
  const handle = pages.getRequestHandler()
  app.addHook('onClose', () => pages.close())
  // Scripts and styles, whose names change with their content: as `bin/build` compressed them.
  await app.register(serveFiles, {
    root: join(directory, '.next/static'),
    prefix: '/_next/static/',
    ...{ preCompressed: true, immutable: true, maxAge: '365d', index: false, decorateReply: false },
  })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    schema: { hide: true },
    handler: async (request, reply) => {
      const named = /^[\w.:[\]-]+$/.exec(request.headers.host ?? '')?.[0] ?? host
      const policy = contentSecurityPolicy(randomBytes(16).toString('base64'), named, frames)
      // Next takes the nonce for its own scripts from the request's header of the same name.
      request.raw.headers['content-security-policy'] = policy
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      reply.raw.setHeader('content-security-policy', policy)
      reply.hijack()
      await handle(request.raw, reply.raw)
    },
  })
}

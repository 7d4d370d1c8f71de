import type { FastifyInstance } from 'fastify'

/** For what was sent before its sender has heard the answer. */
const lingerMs = 30_000

/**
 * Throws away what is left of a body when its call has been answered: the next call of the connection comes behind it, and would
 * wait for ever. One that goes on and on loses its connection.
 */
export function dropLeftovers(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete || raw.destroyed) return
    raw.unpipe()
    raw.resume()
    const timer = setTimeout(() => raw.destroy(), lingerMs).unref()
    raw.once('close', () => clearTimeout(timer))
  })
}

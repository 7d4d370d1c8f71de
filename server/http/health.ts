import type { FastifyInstance } from 'fastify'
import type { Pairing } from '../installation/pairing.js'

/** `/healthz`: this process lives. `/readyz`: and so does what it needs. */
export function serveHealth(
  app: FastifyInstance,
  needs: { database: () => Promise<unknown>; runtime: () => Promise<unknown> },
  pairing: Pairing,
): void {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { hide: true } }, async (_, reply) => {
    const [db, rt] = await Promise.all([works(needs.database), works(needs.runtime)])
    if (db && rt && pairing.status.state !== 'paired') await works(() => pairing.check())
    const { state, problem } = pairing.status
    const ready = db && rt && state === 'paired'
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not ready',
      installation: state,
      ...(problem === null ? {} : { problem }),
      database: db ? 'ok' : 'unreachable',
      runtime: rt ? 'ok' : 'unreachable',
    })
  })
}

const works = (act: () => Promise<unknown>): Promise<boolean> =>
  act().then(
    () => true,
    () => false,
  )

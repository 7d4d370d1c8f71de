import type { FastifyInstance } from 'fastify'
import type { Readiness } from '../nodes/readiness.js'

/** `/healthz`: this process lives. `/readyz`: and so does what it needs, of nodes one that belongs to the database. */
export function serveHealth(
  app: FastifyInstance,
  needs: { database: () => Promise<unknown>; nodes: () => Promise<Readiness> },
): void {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { hide: true } }, async (_, reply) => {
    const [db, nodes] = await Promise.all([works(needs.database), needs.nodes().catch(() => undefined)])
    const { answers, state, problem } = nodes ?? { answers: false, state: 'unknown', problem: null }
    const ready = db && answers && state === 'paired'
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not ready',
      installation: state,
      ...(problem === null ? {} : { problem }),
      database: db ? 'ok' : 'unreachable',
      runtime: answers ? 'ok' : 'unreachable',
    })
  })
}

const works = (act: () => Promise<unknown>): Promise<boolean> =>
  act().then(
    () => true,
    () => false,
  )

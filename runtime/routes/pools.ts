import { z } from 'zod'
import { poolSchedule, scheduleName, warmId, warmRequest } from '../../protocol/api/index.js'
import type { Routes } from '../http/app.js'
import type { Pools } from '../pool/pools.js'
import { existing } from './params.js'

const named = z.object({ name: scheduleName })

/** The calls about the pools: how they are, and what is asked of them. */
export const poolRoutes =
  ({ pools }: { pools: Pools }): Routes =>
  async (app) => {
    app.get('/pools', async () => pools.describe())
    app.put(
      '/pools/schedules/:name',
      { schema: { params: named, body: poolSchedule } },
      async ({ params, body }, reply) => {
        pools.offer.assertIncludes(body)
        const { kept, created } = pools.reservations.putSchedule(params.name, body)
        pools.refill()
        reply.code(created ? 201 : 200)
        return kept
      },
    )
    app.delete(
      '/pools/schedules/:name',
      { schema: { params: z.object({ name: z.string() }) } },
      async ({ params }, reply) => {
        pools.reservations.removeSchedule(params.name)
        reply.code(204)
      },
    )
    app.post('/pools/warm', { schema: { body: warmRequest } }, async ({ body }, reply) => {
      pools.offer.assertIncludes(body)
      const kept = pools.reservations.putWarm(body)
      pools.refill()
      reply.code(201)
      return kept
    })
    app.put(
      '/pools/warm/:id',
      { schema: { params: z.object({ id: warmId }), body: warmRequest } },
      async ({ params, body }) => {
        pools.offer.assertIncludes(body)
        const kept = pools.reservations.putWarm(body, params.id)
        pools.refill()
        return kept
      },
    )
    app.delete('/pools/warm/:id', { schema: { params: existing } }, async ({ params }, reply) => {
      pools.reservations.removeWarm(params.id)
      reply.code(204)
    })
  }

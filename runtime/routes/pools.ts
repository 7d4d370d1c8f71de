import { poolSchedule, scheduleName, warmRequest } from '../../protocol/api/index.js'
import { Answer, type Route } from '../http/server.js'
import type { Pools } from '../pool/pools.js'

/** The calls about the pools: how they are, and what is asked of them. */
export function poolRoutes({ pools }: { pools: Pools }): Route[] {
  return [
    { method: 'GET', path: /^\/pools$/, handle: async () => pools.describe() },
    {
      method: 'PUT',
      path: /^\/pools\/schedules\/([^/]+)$/,
      handle: async (request, name = '') => {
        const schedule = await request.body(poolSchedule)
        pools.assertOffered(schedule)
        const { kept, created } = pools.reservations.putSchedule(scheduleName.parse(name), schedule)
        pools.refill()
        return new Answer(created ? 201 : 200, kept)
      },
    },
    {
      method: 'DELETE',
      path: /^\/pools\/schedules\/([^/]+)$/,
      handle: async (_, name = '') => pools.reservations.removeSchedule(name),
    },
    {
      method: 'POST',
      path: /^\/pools\/warm$/,
      handle: async (request) => {
        const wanted = await request.body(warmRequest)
        pools.assertOffered(wanted)
        const kept = pools.reservations.addWarm(wanted)
        pools.refill()
        return new Answer(201, kept)
      },
    },
    {
      method: 'DELETE',
      path: /^\/pools\/warm\/([^/]+)$/,
      handle: async (_, id = '') => pools.reservations.removeWarm(id),
    },
  ]
}

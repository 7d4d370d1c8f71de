import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Node, PoolStatus } from '../../protocol/api/index.js'
import type { NodeService } from '../admin/node-service.js'
import type { Pairing } from '../installation/pairing.js'
import type { Orphans } from '../sandboxes/orphans.js'

/** `GET /metrics` for Prometheus, with an operator's key: it tells of every tenant's load. */
export function serveMetrics(
  app: FastifyInstance,
  nodes: NodeService,
  pairing: Pairing,
  orphans: Orphans,
): void {
  const register = new Registry()
  collectDefaultMetrics({ register, prefix: 'cloche_server_' })
  const duration = new Histogram({
    ...{ name: 'cloche_http_request_duration_seconds', help: 'Time to answer a call of the API' },
    ...{ labelNames: ['method', 'route', 'status'], registers: [register] },
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url
    if (route === undefined || route === '/*') return
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
  const show = nodeGauges(register)
  const mismatch = new Gauge({
    ...{ name: 'cloche_installation_mismatch', registers: [register] },
    help: 'Whether database and node do not belong together, so that nothing is created or destroyed',
  })
  const unknown = new Gauge({
    ...{ name: 'cloche_unknown_sandboxes', registers: [register] },
    help: 'Sandboxes on the node that the database does not know and that wait for an operator',
  })
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: { hide: true },
    handler: async (request, reply) => {
      const node = await nodes.observe(request.principal)
      mismatch.set(Number(pairing.status.state === 'mismatch'))
      unknown.set(orphans.unknown.length)
      show(node)
      return reply.type(register.contentType).send(await register.metrics())
    },
  })
}

/** What the runtime says of its node and pools. */
function nodeGauges(register: Registry): (node: Node | undefined) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `cloche_${name}`, help, labelNames, registers: [register] })
  const up = gauge('runtime_up', 'Whether the runtime answers')
  const sandboxes = gauge('sandboxes', 'Sandboxes of tenants on the node', ['state'])
  const memory = gauge('node_memory_available_bytes', 'Memory that the node has left')
  const disk = gauge('node_disk_used_bytes', "Space used on the sandboxes' disk")
  const load = gauge('node_load1', 'Load average of one minute')
  const quarantined = gauge('quarantined_sandboxes', 'Sandboxes in quarantine, with their disks')
  const problems = gauge('node_problems', 'What an operator should look at, as the operator page lists it')
  const pools = poolGauges(gauge)
  return (node) => {
    up.set(node === undefined ? 0 : 1)
    if (node === undefined) return
    sandboxes.set({ state: 'running' }, node.running)
    sandboxes.set({ state: 'other' }, node.sandboxes - node.running)
    memory.set(node.memoryAvailableBytes)
    disk.set(node.diskUsedBytes)
    load.set(node.load1)
    quarantined.set(node.quarantined)
    problems.set(node.problems.length)
    pools(node.pools)
  }
}

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge

/** What the runtime says of its pools. Counters begin anew when the runtime does. */
function poolGauges(gauge: MakeGauge): (pools: readonly PoolStatus[]) => void {
  const labels = ['template', 'isolation', 'purpose', 'memory_mib']
  const of = (name: string, help: string, read: (pool: PoolStatus) => number) => ({
    gauge: gauge(`pool_${name}`, help, labels),
    read,
  })
  const rows = [
    of('target', 'Sandboxes that the pool wants to hold', (pool) => pool.target),
    of('ready', 'Sandboxes that wait to be claimed', (pool) => pool.ready),
    of('creating', 'Sandboxes being created', (pool) => pool.creating),
    of('hits_total', 'Claims that the pool answered', (pool) => pool.hits),
    of('misses_total', 'Cold starts: claims that the pool could not answer', (pool) => pool.misses),
    of('asked', 'Asked for by schedules and warm-ahead requests, not yet claimed', (pool) => pool.asked),
    of('claims_waited_seconds_total', 'What claims waited, together', (pool) => pool.wait.totalMs / 1000),
    of('claims_waited_total', 'Claims that were answered', (pool) => pool.wait.count),
    of('claim_seconds_p50', 'Median of the last claims', (pool) => pool.wait.p50Ms / 1000),
    of('claim_seconds_p99', '99th percentile of the last claims', (pool) => pool.wait.p99Ms / 1000),
    of('forecast_per_minute', 'Claims a minute that are expected', (pool) => pool.forecast.perMinute),
    of('forecast_burstiness', 'Variance of claims against their mean', (pool) => pool.forecast.burstiness),
    of('forecast_last_expected', 'Claims expected for the last minute', (pool) => pool.forecast.expected),
    of('forecast_last_actual', 'Claims that came in the last minute', (pool) => pool.forecast.actual),
    of('made_total', 'Sandboxes made for the pool', (pool) => pool.madeTotal),
    of('refills_per_minute', 'Sandboxes made in the last minute', (pool) => pool.refillsPerMinute),
    of('failing', 'Whether making one failed last', (pool) => Number(pool.failure !== null)),
  ]
  const discarded = gauge('pool_discarded_total', 'Sandboxes destroyed unclaimed', [...labels, 'reason'])
  return (pools) => {
    for (const pool of pools) {
      const { template, isolation, purpose, memoryMiB } = pool
      const where = { template, isolation, purpose, memory_mib: memoryMiB }
      for (const row of rows) row.gauge.set(where, row.read(pool))
      for (const [reason, count] of Object.entries(pool.discardedTotal)) {
        discarded.set({ ...where, reason }, count)
      }
    }
  }
}

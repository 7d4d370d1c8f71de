import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { PoolStatus } from '../../protocol/api/index.js'
import type { NodeService, Observed } from '../admin/node-service.js'

/** `GET /metrics` for Prometheus, with an operator's key: it tells of every tenant's load. */
export function serveMetrics(app: FastifyInstance, nodes: NodeService): void {
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
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: { hide: true },
    handler: async (request, reply) => {
      show(await nodes.observe(request.principal))
      return reply.type(register.contentType).send(await register.metrics())
    },
  })
}

/** What nodes say of themselves and their pools. */
function nodeGauges(register: Registry): (nodes: readonly Observed[]) => void {
  const all: Gauge[] = []
  const gauge = (name: string, help: string, labelNames: string[] = []) => {
    const labels = [...labelNames, 'node']
    const one = new Gauge({ name: `cloche_${name}`, help, labelNames: labels, registers: [register] })
    all.push(one)
    return one
  }
  const up = gauge('runtime_up', 'Whether the node answers')
  const cordoned = gauge('node_cordoned', 'Whether the node takes no new work')
  const mismatch = gauge(
    'installation_mismatch',
    'Whether database and node do not belong together, so that nothing is created or destroyed',
  )
  const unknown = gauge(
    'unknown_sandboxes',
    'Sandboxes on the node that the database does not know and that wait for an operator',
  )
  const orphanDisks = gauge('orphan_disks', 'Volumes and snapshots on the node that wait for an operator')
  const sandboxes = gauge('sandboxes', 'Sandboxes of tenants on the node', ['state'])
  const memory = gauge('node_memory_available_bytes', 'Memory that the node has left')
  const disk = gauge('node_disk_used_bytes', "Space used on the sandboxes' disk")
  const load = gauge('node_load1', 'Load average of one minute')
  const quarantined = gauge('quarantined_sandboxes', 'Sandboxes in quarantine, with their disks')
  const problems = gauge('node_problems', 'What an operator should look at, as the operator page lists it')
  const pools = poolGauges(gauge)
  return (nodes) => {
    // A node that is gone, or does not answer, has no figures rather than old ones.
    for (const one of all) one.reset()
    for (const { name, isCordoned, isMismatch, unknown: unknownThere, orphanDisks: disks, said } of nodes) {
      const labels = { node: name }
      up.set(labels, said === undefined ? 0 : 1)
      cordoned.set(labels, Number(isCordoned))
      mismatch.set(labels, Number(isMismatch))
      unknown.set(labels, unknownThere)
      orphanDisks.set(labels, disks)
      if (said === undefined) continue
      sandboxes.set({ state: 'running', ...labels }, said.running)
      sandboxes.set({ state: 'other', ...labels }, said.sandboxes - said.running)
      memory.set(labels, said.memoryAvailableBytes)
      disk.set(labels, said.diskUsedBytes)
      load.set(labels, said.load1)
      quarantined.set(labels, said.quarantined)
      problems.set(labels, said.problems.length)
      pools(name, said.pools)
    }
  }
}

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge

/** What a node says of its pools. Counters begin anew when its runtime does. */
function poolGauges(gauge: MakeGauge): (node: string, pools: readonly PoolStatus[]) => void {
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
  return (node, pools) => {
    for (const pool of pools) {
      const { template, isolation, purpose, memoryMiB } = pool
      const where = { template, isolation, purpose, memory_mib: memoryMiB, node }
      for (const row of rows) row.gauge.set(where, row.read(pool))
      for (const [reason, count] of Object.entries(pool.discardedTotal)) {
        discarded.set({ ...where, reason }, count)
      }
    }
  }
}

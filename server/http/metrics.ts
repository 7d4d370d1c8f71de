import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Node } from '../../protocol/index.js'
import { forbidden } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** `GET /metrics` for Prometheus, with an operator's key: it tells of every tenant's load. */
export function serveMetrics(app: FastifyInstance, runtime: RuntimeClient): void {
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
      if (!request.principal.operator)
        throw forbidden("metrics are for operators: send an operator's API key")
      show(await runtime.node().catch(() => undefined))
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
  const labels = ['template', 'isolation']
  const pool = {
    target: gauge('pool_target', 'Sandboxes that the pool wants to hold', labels),
    ready: gauge('pool_ready', 'Sandboxes that wait to be claimed', labels),
    creating: gauge('pool_creating', 'Sandboxes that are being made', labels),
    hits: gauge('pool_hits_total', 'Claims that the pool answered', labels),
    misses: gauge('pool_misses_total', 'Claims that were made cold', labels),
  }
  return (node) => {
    up.set(node === undefined ? 0 : 1)
    if (node === undefined) return
    sandboxes.set({ state: 'running' }, node.running)
    sandboxes.set({ state: 'other' }, node.sandboxes - node.running)
    memory.set(node.memoryAvailableBytes)
    disk.set(node.diskUsedBytes)
    load.set(node.load1)
    for (const one of node.pools) {
      const { template, isolation } = one
      for (const [name, metric] of Object.entries(pool)) {
        const value = one[name as keyof typeof pool]
        metric.set({ template, isolation }, value)
      }
    }
  }
}

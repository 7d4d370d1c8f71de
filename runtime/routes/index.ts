import { quota, sandboxParams, stopSandbox } from '../../protocol/api/index.js'
import {
  change,
  claim,
  confirmSandboxes,
  type NodeDescription,
  wantService,
} from '../../protocol/node/index.js'
import type { Builds } from '../build/builds.js'
import type { ContentStore } from '../content/store.js'
import type { Archives } from '../files/archives.js'
import type { Routes } from '../http/app.js'
import { speakOneProtocol } from '../http/protocol.js'
import type { Collector } from '../image/collector.js'
import type { Imports } from '../image/import.js'
import type { LayerStore } from '../image/store.js'
import { layersInUse, TemplateUse } from '../image/template-use.js'
import type { Installation } from '../installation.js'
import type { Pools } from '../pool/pools.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { PooledExecs } from '../run/pooled-execs.js'
import type { Reports } from '../run/report/reports.js'
import type { NodeContext } from '../sandbox/node.js'
import type { RunSandboxes } from '../sandbox/run-sandboxes.js'
import type { Searches } from '../sandbox/search.js'
import type { Sandboxes } from '../sandbox/service.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import type { SnapshotImages } from '../snapshot/template.js'
import { diskUseOf } from '../volume/disk-use.js'
import type { Volumes } from '../volume/volumes.js'
import { buildRoutes } from './builds.js'
import { contentRoutes } from './content.js'
import { execRoutes } from './exec.js'
import { fileRoutes } from './files.js'
import { existing, tenantParams } from './params.js'
import { poolRoutes } from './pools.js'
import { portRoutes } from './ports.js'
import { processRoutes } from './processes.js'
import { quarantineRoutes } from './quarantine.js'
import { runRoutes } from './runs.js'
import { snapshotRoutes } from './snapshots.js'
import { templateRoutes } from './templates.js'
import { volumeRoutes } from './volumes.js'
import { watchRoutes } from './watch.js'

/** What the calls of `protocol/runtime.ts` act on. */
export interface Services {
  readonly archives: Archives
  readonly builds: Builds
  readonly imports: Imports
  readonly content: ContentStore
  readonly collector: Collector
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
  readonly snapshots: Snapshots
  readonly images: SnapshotImages
  readonly layers: LayerStore
  readonly volumes: Volumes
  readonly pools: Pools
  readonly runSandboxes: RunSandboxes
  readonly searches: Searches
  readonly pooledExecs: PooledExecs
  readonly reports: Reports
  readonly installation: Installation
  /** The process host's socket. */
  readonly terminals: string
  templates(): ReadonlyMap<string, LocalTemplate>
  /** Reads the templates again: one was built while this runs. */
  reloadTemplates(): Promise<void>
  describeNode(): Promise<NodeDescription>
  /** Stops every sandbox and destroys the pool. */
  shutdown(): Promise<void>
}

export const routes =
  (services: Services): Routes =>
  async (app) => {
    speakOneProtocol(app)
    const templateUse = new TemplateUse(services.layers)
    app.get('/healthz', async () => ({ status: 'ok' }))
    app.get('/node', () => services.describeNode())
    app.get('/disk-use', async () => {
      const { context, sandboxes, snapshots, volumes } = services
      const records = [...sandboxes.list(), ...snapshots.records()]
      return {
        ...diskUseOf(context, sandboxes.list(), snapshots.records(), volumes.records()),
        templates: await templateUse.of(services.templates().values()),
        inUse: layersInUse(records),
      }
    })
    app.post('/shutdown', async (_, reply) => {
      await services.shutdown()
      reply.code(204)
    })
    await app.register(contentRoutes(services.content))
    await app.register(templateRoutes(services))
    await app.register(buildRoutes(services))
    await app.register(tenantRoutes(services))
    await app.register(sandboxRoutes(services))
    await app.register(snapshotRoutes(services))
    await app.register(volumeRoutes(services))
    await app.register(execRoutes(services))
    await app.register(fileRoutes(services))
    await app.register(watchRoutes(services))
    await app.register(portRoutes(services))
    await app.register(poolRoutes(services))
    await app.register(quarantineRoutes(services))
    await app.register(processRoutes(services))
    await app.register(runRoutes(services))
  }

const tenantRoutes =
  ({ sandboxes }: Services): Routes =>
  async (app) => {
    const { tenants } = sandboxes
    app.put(
      '/tenants/:id/quota',
      { schema: { params: tenantParams, body: quota } },
      async ({ params, body }, reply) => {
        await sandboxes.setQuota(params.id, body)
        reply.code(204)
      },
    )
    app.get('/tenants/:id', { schema: { params: tenantParams } }, async ({ params }) =>
      tenants.describe(params.id),
    )
    for (const step of ['pause', 'resume'] as const) {
      app.post(`/tenants/:id/${step}`, { schema: { params: tenantParams } }, async ({ params }) => {
        await (step === 'pause' ? sandboxes.pauseTenant(params.id) : tenants.resume(params.id))
        return tenants.describe(params.id)
      })
    }
  }

const sandboxRoutes =
  ({ sandboxes }: Services): Routes =>
  async (app) => {
    app.get('/sandboxes', async () => ({ sandboxes: await sandboxes.descriptions.ofAll() }))
    app.post('/sandboxes/confirm', { schema: { body: confirmSandboxes } }, async ({ body }, reply) => {
      sandboxes.confirm(body.ids)
      reply.code(204)
    })
    app.put(
      '/sandboxes/:id',
      { schema: { params: sandboxParams, body: claim } },
      async ({ params, body }, reply) => {
        const { sandbox, created } = await sandboxes.claim(params.id, body)
        reply.code(created ? 201 : 200)
        return sandboxes.descriptions.of(sandbox, false)
      },
    )
    app.get('/sandboxes/:id', { schema: { params: existing } }, async ({ params }) =>
      sandboxes.descriptions.of(sandboxes.get(params.id)),
    )
    app.delete('/sandboxes/:id', { schema: { params: existing } }, async ({ params }, reply) => {
      await sandboxes.remove(params.id)
      reply.code(204)
    })
    app.patch('/sandboxes/:id', { schema: { params: existing, body: change } }, async ({ params, body }) =>
      sandboxes.descriptions.of(await sandboxes.change(params.id, body)),
    )
    app.put(
      '/sandboxes/:id/service',
      { schema: { params: existing, body: wantService } },
      async ({ params, body }) =>
        sandboxes.descriptions.of(await sandboxes.wantService(params.id, body.wanted)),
    )
    for (const step of ['pause', 'resume', 'start'] as const) {
      app.post(`/sandboxes/:id/${step}`, { schema: { params: existing } }, async ({ params }) =>
        sandboxes.descriptions.of(await sandboxes[step](params.id)),
      )
    }
    app.post(
      '/sandboxes/:id/stop',
      { schema: { params: existing, body: stopSandbox.prefault({}) } },
      async ({ params, body }) =>
        sandboxes.descriptions.of(await sandboxes.stop(params.id, body.graceSeconds * 1000)),
    )
  }

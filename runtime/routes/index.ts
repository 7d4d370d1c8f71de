import { execRequest, type Node, quota, sandboxId, stopSandbox, tenantId } from '../../protocol/api/index.js'
import { change, claim, encodeFrame, encodeJsonFrame, frameType } from '../../protocol/node/index.js'
import type { Archives } from '../files/archives.js'
import { Answer, type Route } from '../http/server.js'
import type { Installation } from '../installation.js'
import type { Pools } from '../pool/pools.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { PooledExecs } from '../run/pooled-execs.js'
import { startExec } from '../sandbox/exec.js'
import type { NodeContext } from '../sandbox/node.js'
import type { RunSandboxes } from '../sandbox/run-sandboxes.js'
import type { Sandboxes } from '../sandbox/service.js'
import { fileRoutes } from './files.js'
import { poolRoutes } from './pools.js'
import { quarantineRoutes } from './quarantine.js'
import { runRoutes } from './runs.js'
import { terminalRoutes } from './terminals.js'

/** What the calls of `protocol/runtime.ts` act on. */
export interface Services {
  readonly archives: Archives
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
  readonly pools: Pools
  readonly runSandboxes: RunSandboxes
  readonly pooledExecs: PooledExecs
  readonly installation: Installation
  /** The terminal host's socket. */
  readonly terminals: string
  templates(): ReadonlyMap<string, LocalTemplate>
  /** Reads the templates again: one was built while this runs. */
  reloadTemplates(): Promise<void>
  describeNode(): Promise<Node>
  /** Stops every sandbox and destroys the pool. */
  shutdown(): Promise<void>
}

export function routes(services: Services): Route[] {
  const { context, sandboxes } = services
  const one = (action = '') => new RegExp(`^/sandboxes/([^/]+)${action}$`)
  const steps = { pause: 'pause', resume: 'resume', start: 'start' } as const
  return [
    { method: 'GET', path: /^\/healthz$/, handle: async () => ({ status: 'ok' }) },
    { method: 'GET', path: /^\/node$/, handle: () => services.describeNode() },
    {
      method: 'GET',
      path: /^\/templates$/,
      handle: async () => ({
        templates: [...services.templates().values()].map(
          ({ name, description, defaults, isolation, languages }) => {
            const offered = isolation.filter((one) => services.context.ociRuntimes.offers(one))
            return { name, description, defaults, isolation: offered, languages }
          },
        ),
      }),
    },
    { method: 'POST', path: /^\/templates\/reload$/, handle: () => services.reloadTemplates() },
    { method: 'POST', path: /^\/shutdown$/, handle: () => services.shutdown() },
    {
      method: 'PUT',
      path: /^\/tenants\/([^/]+)\/quota$/,
      handle: async (request, id = '') => {
        await sandboxes.setQuota(tenantId.parse(id), await request.body(quota))
      },
    },
    {
      method: 'GET',
      path: /^\/tenants\/([^/]+)$/,
      handle: async (_, id = '') => sandboxes.tenants.describe(tenantId.parse(id)),
    },
    ...(['pause', 'resume'] as const).map((step) => ({
      method: 'POST',
      path: new RegExp(`^/tenants/([^/]+)/${step}$`),
      handle: async (_: unknown, id = '') => {
        await sandboxes.tenants[step](tenantId.parse(id))
        return sandboxes.tenants.describe(id)
      },
    })),
    {
      method: 'GET',
      path: /^\/sandboxes$/,
      handle: async () => ({
        sandboxes: await sandboxes.describeAll(),
      }),
    },
    {
      method: 'PUT',
      path: one(),
      handle: async (request, id = '') => {
        const { sandbox, created } = await sandboxes.claim(sandboxId.parse(id), await request.body(claim))
        return new Answer(created ? 201 : 200, await sandboxes.describe(sandbox, false))
      },
    },
    { method: 'GET', path: one(), handle: async (_, id = '') => sandboxes.describe(sandboxes.get(id)) },
    { method: 'DELETE', path: one(), handle: (_, id = '') => sandboxes.remove(id) },
    {
      method: 'PATCH',
      path: one(),
      handle: async (request, id = '') =>
        sandboxes.describe(await sandboxes.change(id, await request.body(change))),
    },
    ...fileRoutes(services),
    ...poolRoutes(services),
    ...quarantineRoutes(services),
    ...terminalRoutes(services),
    ...runRoutes(services),
    ...Object.values(steps).map((step) => ({
      method: 'POST',
      path: one(`/${step}`),
      handle: async (_: unknown, id = '') => sandboxes.describe(await sandboxes[step](id)),
    })),
    {
      method: 'POST',
      path: one('/stop'),
      handle: async (request, id = '') => {
        const { graceSeconds } = await request.body(stopSandbox.prefault({}))
        return sandboxes.describe(await sandboxes.stop(id, graceSeconds * 1000))
      },
    },
    {
      method: 'POST',
      path: one('/exec'),
      handle: async (request, id = '') => {
        const sandbox = await sandboxes.ready(id)
        const running = await startExec(context, sandbox, await request.body(execRequest))
        const frames = request.frames()
        frames.onGone(() => running.kill())
        const exit = await running.follow((stream, bytes, pipe) => {
          const { out } = frames
          if (out.writableEnded || out.destroyed || out.write(encodeFrame(frameType[stream], bytes))) return
          // A reader that is slow makes the command wait, not this process grow.
          pipe.pause()
          out.once('drain', () => pipe.resume())
        })
        frames.end(encodeJsonFrame(frameType.exit, exit))
      },
    },
  ]
}

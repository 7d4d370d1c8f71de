import { newId } from '../../protocol/api/index.js'
import type { NodeBuild, NodeBuildEvent, NodeTemplate } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { Archives } from '../files/archives.js'
import type { Collector } from '../image/collector.js'
import { writeTemplate } from '../image/import.js'
import { machine } from '../image/manifest.js'
import type { LayerStore } from '../image/store.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { Maker } from '../sandbox/make.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Tenants } from '../sandbox/tenants.js'
import { bounds } from './bounds.js'
import { Build, configOf, failureOf } from './build.js'
import { BuildContext } from './context.js'
import { BuildFailed, badBuild } from './error.js'
import { BuildLayers, trimCache } from './layers.js'
import { assertMaskable } from './mask.js'
import { isFull as isDiskFull } from './parts.js'
import type { Plan } from './plan.js'
import { planBuild } from './planning.js'
import { BuildVolume } from './volume.js'

interface Dependencies {
  readonly node: NodeContext
  readonly store: LayerStore
  readonly collector: Collector
  readonly maker: Maker
  readonly tenants: Tenants
  readonly archives: Archives
  templates(): ReadonlyMap<string, LocalTemplate>
  reloadTemplates(): Promise<void>
}

interface Active {
  readonly request: NodeBuild
  readonly cancel: AbortController
  readonly ended: Promise<void>
}

/** Whoever waits for a build. */
export interface BuildListener {
  /** It is known what is to be done: from then on every end is an event. */
  accepted(): void
  emit(event: NodeBuildEvent): void
  describe(template: LocalTemplate): NodeTemplate
}

const tooLarge = (bytes: number, most: number) =>
  new RuntimeRefusal(
    'quota_exceeded',
    `the template takes ${Math.ceil(bytes / 1024 ** 2)} MiB, and the quota of disk has ${Math.floor(most / 1024 ** 2)} MiB left for it`,
  )

/** Makes templates of Dockerfiles, each step in a sandbox of the tenant. */
export class Builds {
  readonly #active = new Map<string, Active>()

  constructor(private readonly dependencies: Dependencies) {}

  /** The builds that make a template or build on it, in words. */
  usersOf(template: string): string[] {
    return [...this.#active.values()].flatMap(({ request }) =>
      request.template === template || Object.values(request.bases).includes(template)
        ? [`build ${request.id}`]
        : [],
    )
  }

  /**
   * Takes a context in, performs what its Dockerfile says, and writes the template.
   * @throws RuntimeRefusal `invalid_request`, `conflict`, `disk_full`, before that
   */
  async run(
    request: NodeBuild,
    body: AsyncIterable<Uint8Array>,
    closed: AbortSignal,
    hear: BuildListener,
  ): Promise<void> {
    this.#assertRoom(request)
    const cancel = new AbortController()
    const canceled = () => cancel.abort(new BuildFailed('canceled', 'the build was canceled'))
    closed.addEventListener('abort', canceled, { once: true })
    if (closed.aborted) canceled()
    const late = new BuildFailed('timed_out', `the build took longer than ${request.timeoutSeconds} s`)
    const timer = setTimeout(() => cancel.abort(late), request.timeoutSeconds * 1000)
    const { promise, resolve } = withResolvers()
    this.#active.set(request.id, { request, cancel, ended: promise })
    try {
      await this.#perform(request, body, cancel.signal, hear)
    } finally {
      clearTimeout(timer)
      closed.removeEventListener('abort', canceled)
      this.#active.delete(request.id)
      resolve()
    }
  }

  /** Ends all that are under way. */
  async cancelAll(): Promise<void> {
    const all = [...this.#active.values()]
    for (const { cancel } of all) cancel.abort(new BuildFailed('canceled', 'the node was shut down'))
    await Promise.all(all.map(({ ended }) => ended))
  }

  async #perform(
    request: NodeBuild,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    hear: BuildListener,
  ): Promise<void> {
    const { node, archives } = this.dependencies
    using volume = new BuildVolume(node.disk, newId('bc'), bounds.contextBytes)
    using context = new BuildContext(volume)
    await context.take(archives, this.#asLongAs(body, signal))
    const plan = this.#plan(request, context)
    hear.accepted()
    const emit = (event: NodeBuildEvent) => hear.emit(event)
    try {
      await this.#trimCache(request.tenantId)
      const made = await this.#build(request, plan, context, signal, emit)
      emit({ type: 'end', status: 'succeeded', error: null, template: hear.describe(made) })
    } catch (error) {
      const { reason, message } = this.#failure(error, signal, request)
      const status = reason === 'canceled' ? 'canceled' : 'failed'
      emit({ type: 'end', status, error: message, template: null })
    }
    // Its end has been told; the next build trims again.
    await this.#trimCache(request.tenantId).catch((error: unknown) =>
      node.log.error({ error, build: request.id }, 'layers of builds could not be removed'),
    )
  }

  #trimCache(tenantId: string): Promise<void> {
    const { store, collector, templates } = this.dependencies
    const inTemplates = new Set([...templates().values()].flatMap(({ layers }) => layers))
    return trimCache(store, collector, tenantId, inTemplates)
  }

  async #build(
    request: NodeBuild,
    plan: Plan,
    context: BuildContext,
    signal: AbortSignal,
    emit: (event: NodeBuildEvent) => void,
  ): Promise<LocalTemplate> {
    const { node, maker, tenants, store, archives, reloadTemplates } = this.dependencies
    const freshBytesMax = Math.min(bounds.cacheBytes, request.quota.diskMiB * 1024 ** 2)
    await using layers = new BuildLayers(store, request.tenantId, freshBytesMax)
    const home = await tenants.join(request.tenantId, request.quota, request.limits)
    try {
      const find = (name: string) => this.#template(request, name)
      const parts = { node, maker, store, request, home, signal }
      const built = await new Build(parts, plan, context, archives, layers, find, emit).run()
      signal.throwIfAborted()
      const shared = new Set(
        [...this.dependencies.templates().values()].flatMap((one) => (one.listed ? one.layers : [])),
      )
      const sizeBytes = await store.bytesOf(built.layers.filter((name) => !shared.has(name)))
      if (sizeBytes > request.bytesMax) throw tooLarge(sizeBytes, request.bytesMax)
      const template = { ...built, sizeBytes }
      await writeTemplate(node.disk, template)
      await reloadTemplates()
      return template
    } finally {
      tenants.leave(request.tenantId)
    }
  }

  #plan(request: NodeBuild, context: BuildContext): Plan {
    const dockerfile = context.text(request.dockerfile, bounds.dockerfileBytes)
    if (dockerfile === undefined)
      throw badBuild(`the context has no file ${JSON.stringify(request.dockerfile.slice(0, 200))}`)
    // Seen before anything runs.
    context.ignored(request.dockerfile)
    assertMaskable(request.secrets.map(({ value }) => Buffer.from(value, 'base64').toString()))
    return planBuild({
      ...{ dockerfile, args: request.args, target: request.target, architecture: machine },
      secrets: new Set(request.secrets.map(({ id }) => id)),
      template: (name) => {
        const found = this.#template(request, name)
        return found === undefined ? undefined : configOf(found)
      },
    })
  }

  #template({ bases }: NodeBuild, name: string): LocalTemplate | undefined {
    const own = Object.hasOwn(bases, name) ? bases[name] : undefined
    return own === undefined ? undefined : this.dependencies.templates().get(own)
  }

  #assertRoom(request: NodeBuild): void {
    const { node, templates } = this.dependencies
    const known = templates().get(request.template)
    if (known !== undefined && known.image === null)
      throw new RuntimeRefusal('conflict', `the template ${request.template} is built from a recipe`)
    const all = [...this.#active.values()]
    if (this.#active.has(request.id)) throw new RuntimeRefusal('conflict', `build ${request.id} is under way`)
    if (all.length >= bounds.ofNode)
      throw new RuntimeRefusal('conflict', `this node performs ${bounds.ofNode} builds at once`, 5)
    if (all.filter((one) => one.request.tenantId === request.tenantId).length >= bounds.ofTenant)
      throw new RuntimeRefusal('conflict', `a tenant has ${bounds.ofTenant} builds at once on a node`, 5)
    node.diskReserve.assertCapacity()
  }

  async *#asLongAs(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const part of body) {
      if (signal.aborted)
        throw badBuild('the build was canceled, or took too long, before its context was there')
      yield part
    }
  }

  #failure(error: unknown, signal: AbortSignal, request: NodeBuild): BuildFailed {
    try {
      return failureOf(error, signal)
    } catch {
      if (isDiskFull(error)) return new BuildFailed('failed', 'the disk of the node is full')
      this.dependencies.node.log.error({ error, build: request.id }, 'a build has failed')
      return new BuildFailed(
        'failed',
        'the build failed on the node; its operator finds the reason in the log',
      )
    }
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

import { createHash } from 'node:crypto'
import { constants, openSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { sizes } from '../../protocol/api/index.js'
import type { NodeBuildEvent } from '../../protocol/node/index.js'
import { identityOf } from '../container/spec.js'
import { startsSystem } from '../container/system.js'
import { RuntimeRefusal } from '../errors.js'
import type { Archives } from '../files/archives.js'
import { FilesRoot, openMountedRoot, PathHandle } from '../files/root.js'
import { MountedLayers } from '../image/below.js'
import { finishingVersion, writeFinishing } from '../image/finishing.js'
import { chainId, layerName } from '../image/store.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { labelsOf } from '../sandbox/service-record.js'
import { bounds } from './bounds.js'
import { type BuildContext, digestOf } from './context.js'
import { type CopyFrom, digestOfCopy, fromLayers, performCopy, writeLayer } from './copy-step.js'
import { makeDirectories } from './copying.js'
import { BuildFailed, badBuild } from './error.js'
import type { BuildLayers } from './layers.js'
import { accountsOf, type BuildParts, withMounted } from './parts.js'
import type { BuiltConfig, CopyStep, Plan, PlannedStage, Step } from './plan.js'
import { emptyConfig } from './planning.js'
import { performRun, resolveUser } from './run-step.js'

/** Grows when the same instruction comes to mean another thing. */
const keyVersion = 'cloche build 1'

/** A stage as far as it has been built. */
interface BuiltStage {
  readonly layers: string[]
  /** What it depends on until now. */
  key: string
}

/** Performs a plan, step by step. What a step of another build of the tenant has written already is not done again. */
export class Build {
  readonly #stages = new Map<number, BuiltStage>()
  #step = 0
  #logBytes = 0
  readonly #parts: BuildParts

  constructor(
    parts: Omit<BuildParts, 'print' | 'isLogFull'>,
    private readonly plan: Plan,
    private readonly context: BuildContext,
    private readonly archives: Archives,
    private readonly layers: BuildLayers,
    private readonly template: (name: string) => LocalTemplate | undefined,
    private readonly emit: (event: NodeBuildEvent) => void,
  ) {
    this.#parts = {
      ...{ ...parts, print: (text, heardBytes) => this.#print(text, heardBytes) },
      isLogFull: () => this.#logBytes >= bounds.logBytes,
    }
  }

  /** @throws BuildFailed, RuntimeRefusal; steps that were finished stay */
  async run(): Promise<LocalTemplate> {
    for (const warning of this.plan.warnings) this.#print(`warning: ${warning}\r\n`)
    const total = this.plan.stages.reduce((sum, { steps }) => sum + steps.length, 0)
    for (const stage of this.plan.stages) {
      const built = await this.#begin(stage)
      this.#stages.set(stage.index, built)
      for (const step of stage.steps) await this.#perform(stage, step, built, total)
    }
    return this.#template()
  }

  async #begin({ from }: PlannedStage): Promise<BuiltStage> {
    if (from.kind === 'stage') {
      const { layers, key } = this.#stageOf(from.stage)
      return { layers: [...layers], key }
    }
    const layers = from.kind === 'scratch' ? [await this.#scratch()] : this.#templateOf(from.name).layers
    this.layers.hold(layers)
    const { id, noCache, tenantId } = this.#parts.request
    // Without the cache every key is a new one: what an earlier build has written under the same would stay as it is.
    return { layers: [...layers], key: digestOf(keyVersion, tenantId, ...(noCache ? [id] : []), ...layers) }
  }

  async #perform(stage: PlannedStage, step: Step, built: BuiltStage, total: number): Promise<void> {
    const { signal, request } = this.#parts
    signal.throwIfAborted()
    const number = ++this.#step
    const began = performance.now()
    const tell = (state: 'started' | 'cached' | 'done' | 'failed') =>
      this.emit({
        ...{ type: 'step', step: number, steps: total, stage: stage.name, line: step.line, state },
        instruction: step.text.slice(0, 1000),
        durationMs: state === 'started' ? null : Math.round(performance.now() - began),
      })
    tell('started')
    try {
      const key = await this.#keyOf(step, built)
      const known = request.noCache ? undefined : this.layers.find(key)
      const made = known ?? (await this.#make(step, built.layers, key))
      if (made !== undefined) built.layers.push(made)
      if (built.layers.length > bounds.layers)
        throw badBuild(`there are more than ${bounds.layers} layers`, step.line)
      built.key = key
      tell(known === undefined ? 'done' : 'cached')
    } catch (error) {
      tell('failed')
      throw error
    }
  }

  /** What a step's result depends on: what is below it, what it does, and with which files. */
  async #keyOf(step: Step, { key, layers }: BuiltStage): Promise<string> {
    switch (step.kind) {
      case 'workdir':
        return digestOf(key, 'WORKDIR', step.path)
      case 'run': {
        const { args, script, env, user, cwd, secrets, offline } = step
        const network = offline ? 'none' : this.#parts.request.network
        return digestOf(key, 'RUN', JSON.stringify([args, script, sorted(env), user, cwd, secrets, network]))
      }
      case 'copy': {
        const { sources, inline, target, chown, chmod, unpack, from } = step
        const files =
          from.kind === 'context'
            ? await digestOfCopy(step, this.#contextFrom(), this.#parts.signal)
            : from.kind === 'stage'
              ? this.#stageOf(from.stage).key
              : this.#templateOf(from.name).layers.join()
        const isOver = layers.length > 0
        return digestOf(
          key,
          'COPY',
          JSON.stringify([sources, inline, target, chown, chmod, unpack, isOver]),
          files,
        )
      }
    }
  }

  /** @returns undefined when the step changes nothing */
  async #make(step: Step, layers: readonly string[], key: string): Promise<string | undefined> {
    const parts = this.#parts
    parts.node.diskReserve.assertCapacity()
    const add = (volume: { path: string; id: number }) => this.layers.add(key, volume)
    switch (step.kind) {
      case 'workdir': {
        const isThere = await withMounted(parts, layers, (path) => {
          using mounted = new MountedLayers(path)
          return mounted.has(`${step.path}/.`)
        })
        if (isThere) return undefined
        const write = async (root: FilesRoot) => {
          using _ = makeDirectories(root, step.path, { uid: 0, gid: 0 }, step.line)
        }
        return writeLayer(parts, step.line, layers, write, add)
      }
      case 'run':
        return performRun(parts, step, layers, await accountsOf(parts, layers), add)
      case 'copy': {
        const accounts = await accountsOf(parts, layers)
        return writeLayer(parts, step.line, layers, (root) => this.#copy(step, root, accounts), add)
      }
    }
  }

  async #copy(step: CopyStep, root: FilesRoot, accounts: { passwd: string; group: string }): Promise<void> {
    const { archives } = this
    if (step.inline.length > 0) {
      using inline = await this.context.inline(step.inline)
      const named = { ...step, sources: step.inline.map(({ name }) => name) }
      await performCopy(this.#parts, archives, named, fromLayers(inline), root, accounts)
    }
    if (step.sources.length === 0) return
    if (step.from.kind === 'context') {
      return performCopy(this.#parts, archives, step, this.#contextFrom(), root, accounts)
    }
    const layers =
      step.from.kind === 'stage'
        ? this.#stageOf(step.from.stage).layers
        : this.#templateOf(step.from.name).layers
    this.layers.hold(layers)
    await withMounted(this.#parts, layers, async (path) => {
      using from = new FilesRoot(openMountedRoot(path), 0)
      await performCopy(this.#parts, archives, step, fromLayers(from), root, accounts)
    })
  }

  #contextFrom(): CopyFrom {
    return { root: this.context.root, ignored: this.context.ignored(this.#parts.request.dockerfile) }
  }

  /** What `scratch` is: nothing but what every sandbox needs. */
  async #scratch(): Promise<string> {
    const what = JSON.stringify([finishingVersion, null, '/'])
    const name = layerName(chainId('cloche', what)).replace('sha256', 'finishing')
    this.layers.hold([name])
    const { store } = this.layers
    if (store.has(name)) return name
    const directory = this.layers.directory()
    using top = new PathHandle(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY))
    using nothing = new MountedLayers(this.layers.directory())
    writeFinishing(top, nothing, { workingDirectory: '/', volumes: [] })
    await store.add(new Map([[name, directory]]))
    return name
  }

  async #template(): Promise<LocalTemplate> {
    const { request } = this.#parts
    const stage = this.plan.stages.find(({ index }) => index === this.plan.target)
    if (stage === undefined) throw new Error('the target is not among the stages')
    const { layers, key } = this.#stageOf(stage.index)
    const accounts = await accountsOf(this.#parts, layers)
    const { config } = stage
    const labels = { ...config.labels, ...labelsOf(request) }
    // Without a word of the Dockerfile sandboxes stay those of the recipe that it is built on.
    const own = identityOf('user', null)
    const { name, uid, gid, groups, home } = own
    const user =
      config.user === null && config.recipe
        ? { name, uid, gid, groups: [...groups], home }
        : resolveUser(config.user, accounts)
    const base = this.#baseOf(stage)
    const system = base?.system === true || startsSystem([...config.entrypoint, ...config.cmd][0])
    return {
      name: request.template,
      description: request.description,
      layers: [...layers],
      defaults: base?.defaults ?? sizes.medium,
      ...{
        isolation: system ? ['standard'] : (base?.isolation ?? ['standard', 'hardened']),
        languages: [],
        idle: base?.idle ?? null,
      },
      ...{ system, builtAt: new Date().toISOString(), listed: false, sizeBytes: null },
      image: {
        digest: `sha256:${createHash('sha256')
          .update(JSON.stringify([key, { ...config, labels }]))
          .digest('hex')}`,
        ...{ reference: null, entrypoint: [...config.entrypoint], cmd: [...config.cmd] },
        ...{ labels, ports: [...config.ports], user },
        healthcheck: config.healthcheck,
        volumes: [...config.volumes],
        rootHome: resolveUser(null, accounts).home,
        env: { ...config.env },
        workingDirectory: config.workingDirectory ?? (config.recipe ? own.cwd : '/'),
        stopSignal: config.stopSignal,
      },
    }
  }

  #baseOf({ from }: PlannedStage): LocalTemplate | undefined {
    if (from.kind === 'template') return this.#templateOf(from.name)
    const stage =
      from.kind === 'stage' ? this.plan.stages.find(({ index }) => index === from.stage) : undefined
    return stage === undefined ? undefined : this.#baseOf(stage)
  }

  #stageOf(index: number): BuiltStage {
    const stage = this.#stages.get(index)
    if (stage === undefined) throw new Error(`stage ${index} has not been built`)
    return stage
  }

  #templateOf(name: string): LocalTemplate {
    const template = this.template(name)
    if (template === undefined)
      throw new RuntimeRefusal('template_unavailable', `this node has no template ${name} any more`)
    return template
  }

  #print(text: string, heardBytes = 0): void {
    const step = this.#step
    const room = bounds.logBytes - this.#logBytes
    if (room <= 0) return
    this.#logBytes += Math.max(Buffer.byteLength(text), heardBytes)
    if (text !== '') this.emit({ type: 'output', step, text: text.slice(0, room) })
    if (this.#logBytes >= bounds.logBytes) {
      const notice = `\r\n\x1b[0m[the output is longer than ${bounds.logBytes / 1024 ** 2} MiB: the rest is left out]\r\n`
      this.emit({ type: 'output', step, text: notice })
    }
  }
}

const sorted = (env: Readonly<Record<string, string>>) =>
  Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))

/** How programs of a template run, for a build on it. */
export function configOf({ image }: LocalTemplate): BuiltConfig {
  if (image === null) {
    const { env } = identityOf('user', null)
    return { ...emptyConfig, env, recipe: true }
  }
  const { env, user, workingDirectory, entrypoint, cmd, labels, ports, stopSignal } = image
  const { healthcheck, volumes } = image
  const known = { env, user: { known: user }, workingDirectory }
  return { ...emptyConfig, ...known, entrypoint, cmd, labels, ports, stopSignal, healthcheck, volumes }
}

/** Why a build has ended badly, in words. */
export function failureOf(error: unknown, signal: AbortSignal): BuildFailed {
  if (signal.aborted && signal.reason instanceof BuildFailed) return signal.reason
  if (error instanceof BuildFailed) return error
  if (error instanceof RuntimeRefusal) return new BuildFailed('failed', error.message)
  throw error
}

import { lstatSync, mkdtempSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Collector } from '../image/collector.js'
import { builtLayerName, isBuilt, type LayerStore } from '../image/store.js'
import { getXattr, setXattr } from '../linux/attributes.js'
import { run } from '../linux/spawn.js'
import { qgroupOf } from '../rootfs/volume.js'
import { bounds } from './bounds.js'
import { BuildFailed } from './error.js'

const ownerXattr = 'trusted.cloche.build'

/** Layers that steps of one build have written, or find. They are held until this is disposed of. */
export class BuildLayers implements AsyncDisposable {
  readonly #held: Disposable[] = []
  readonly #staging: string
  #freshBytes = 0

  /** @param freshBytesMax what all its steps may write, whatever comes of it */
  constructor(
    readonly store: LayerStore,
    private readonly tenantId: string,
    private readonly freshBytesMax: number,
  ) {
    this.#staging = mkdtempSync(join(store.ingest, 'build-'))
  }

  /** Keeps layers from being collected. */
  hold(names: readonly string[]): void {
    for (const name of names) this.#held.push(this.store.hold(name))
  }

  /** What a step has written before, if it is still there. */
  find(key: string): string | undefined {
    const name = builtLayerName(key)
    this.hold([name])
    if (!this.store.has(name)) return undefined
    // So that it is known when it was used last.
    const now = new Date()
    utimesSync(this.store.path(name), now, lstatSync(this.store.path(name)).mtime)
    return name
  }

  /**
   * Makes a layer of what was written to a volume, whole or not at all. Nothing is copied but names: both share their blocks.
   * @param volume that nobody writes to any more
   * @throws BuildFailed when its build has written too much
   */
  async add(key: string, volume: { readonly path: string; readonly id: number }): Promise<string> {
    const name = builtLayerName(key)
    this.hold([name])
    const directory = join(this.#staging, name)
    await run('cp', [
      '--archive',
      '--reflink=auto',
      '--no-target-directory',
      join(volume.path, 'upper'),
      directory,
    ])
    setXattr(Buffer.from(directory), ownerXattr, Buffer.from(`${this.tenantId} 0`))
    await this.store.add(new Map([[name, directory]]))
    // Known now that all of it is on the disk.
    const bytes = readFileSync(join(qgroupOf(this.store.disk, volume.id), 'referenced'), 'utf8').trim()
    setXattr(Buffer.from(this.store.path(name)), ownerXattr, Buffer.from(`${this.tenantId} ${bytes}`))
    this.#freshBytes += Number(bytes)
    if (this.#freshBytes > this.freshBytesMax) {
      const most = Math.floor(this.freshBytesMax / 1024 ** 2)
      throw new BuildFailed('failed', `the steps of the build have written more than ${most} MiB together`)
    }
    return name
  }

  /** An empty directory for a layer that is no step's. */
  directory(): string {
    return mkdtempSync(join(this.#staging, 'layer-'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const held of this.#held) held[Symbol.dispose]()
    await rm(this.#staging, { recursive: true, force: true })
  }
}

/**
 * Removes the layers that builds of a tenant have used least recently, as far as they are more than is kept.
 * @param inTemplates layers that stay for another reason, and do not count
 */
export async function trimCache(
  store: LayerStore,
  collector: Collector,
  tenantId: string,
  inTemplates: ReadonlySet<string>,
): Promise<void> {
  const theirs = readdirSync(store.path(''))
    .filter((name) => isBuilt(name) && !inTemplates.has(name))
    .flatMap((name) => {
      const [owner, bytes] =
        getXattr(Buffer.from(store.path(name)), ownerXattr)
          ?.toString()
          .split(' ') ?? []
      const usedAt = lstatSync(store.path(name)).ctimeMs
      return owner === tenantId ? [{ name, bytes: Number(bytes), usedAt }] : []
    })
    .toSorted((a, b) => b.usedAt - a.usedAt)
  let sum = 0
  const tooOld = theirs.filter(({ bytes }, i) => {
    sum += bytes
    return sum > bounds.cacheBytes || i >= bounds.cacheLayers
  })
  if (tooOld.length > 0) await collector.evict(tooOld.map(({ name }) => name))
}

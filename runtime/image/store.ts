import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../linux/spawn.js'

/**
 * The name of a layer that is the same wherever it lies: the digest of its tar.
 * @param diffId such as `sha256:ab…`
 */
export const layerName = (diffId: string): string => diffId.replace(':', '-')

/** The name of what a step of a build has written, by all that the step depends on. */
export const builtLayerName = (key: string): string => `build-${key}`
export const isBuilt = (name: string): boolean => name.startsWith('build-')

/**
 * The digest of a layer together with those below it.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
export function chainId(below: string | undefined, diffId: string): string {
  if (below === undefined) return diffId
  return `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`
}

/**
 * The layers of this node: a directory each, below `layers/` of the sandboxes' disk, which comes to be whole or not at all. What is
 * being made lies in `ingest/`, where nothing is anybody's after a start of the runtime.
 */
export class LayerStore {
  /** Layers of images that are being imported, with how often each is. */
  readonly #held = new Map<string, number>()

  constructor(readonly disk: string) {}

  path(name: string): string {
    return join(this.disk, 'layers', name)
  }

  has(name: string): boolean {
    return existsSync(this.path(name))
  }

  get ingest(): string {
    return join(this.disk, 'ingest')
  }

  /** Keeps a layer from being collected until this is disposed of, whether it is there or not. */
  hold(name: string): Disposable {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(name) ?? 1) - 1
        if (left === 0) this.#held.delete(name)
        else this.#held.set(name, left)
      },
    }
  }

  /** Of the files in these layers, with their holes. */
  async bytesOf(names: readonly string[]): Promise<number> {
    if (names.length === 0) return 0
    const paths = names.map((name) => this.path(name))
    const lines = (
      await run('du', ['--summarize', '--apparent-size', '--block-size=1', '--', ...paths])
    ).split('\n')
    return lines.reduce((sum, line) => sum + (Number.parseInt(line, 10) || 0), 0)
  }

  isHeld(name: string): boolean {
    return this.#held.has(name)
  }

  /** Makes directories of `ingest/` layers, by name, once all of it is on the disk. One that is there already stays. */
  async add(layers: ReadonlyMap<string, string>): Promise<void> {
    if (layers.size === 0) return
    // On the disk now, or the end of the first sandbox on it would wait for all of this to be written.
    await run('sync', ['--file-system', this.ingest])
    for (const [name, directory] of layers) if (!this.has(name)) renameSync(directory, this.path(name))
  }

  /** Removes what imports and collections of an earlier runtime have left; what is begun meanwhile is left alone. */
  async clear(): Promise<void> {
    mkdirSync(this.ingest, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(this.ingest))
      await rm(join(this.ingest, name), { recursive: true, force: true })
  }
}

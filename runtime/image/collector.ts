import { closeSync, lstatSync, openSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Logger } from '../../common/log.js'
import { flockNow } from '../linux/libc.js'
import { layersLock } from './lock.js'
import { isBuilt, type LayerStore } from './store.js'

/** Names of layers, whatever else a file says: what another version wrote counts as well. */
const withLayers = z.looseObject({ layers: z.array(z.string()) })
const rollbackLayers = z.looseObject({ rollback: withLayers })

/** What nothing uses any more, or why that cannot be known. */
export type Unused = { readonly layers: readonly string[] } | { readonly unknown: string }

/** Where what uses layers is written down. */
export interface Places {
  readonly home: string
  readonly disk: string
  /** Records of sandboxes, and of those of runs. */
  readonly records: readonly string[]
}

/**
 * Removes layers that nothing uses: no template, sandbox, snapshot or entry of the quarantine, and no import. It reads what is
 * written down, at the moment, without any turn for others in between; and moves what it removes away, at once, before it
 * deletes it. It can be killed at any point. Where something cannot be read it removes nothing, since that may use anything.
 */
export class Collector {
  #running: Promise<number> | undefined

  constructor(
    private readonly places: Places,
    private readonly store: LayerStore,
    private readonly log: Logger,
    /** What is known to be used, without a look at the disk: most often that is all there is. */
    private readonly known: () => Iterable<string>,
    private readonly graceMs: number,
    /** The same of steps of builds, after they were used last: the next build may find them. */
    private readonly buildCacheMs = graceMs,
  ) {}

  /** @returns how many layers were removed. Asked while it runs, it is the same run. */
  collect(): Promise<number> {
    this.#running ??= this.#collect().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** What would be removed now. */
  unused(): Unused {
    return this.#unused((name) => this.#isOld(name))
  }

  #unused(isWanted: (name: string) => boolean): Unused {
    const all = readdirSync(join(this.places.disk, 'layers'))
    const used = usedLayers(this.places)
    if ('unknown' in used) return used
    return {
      layers: all.filter((name) => !used.layers.has(name) && !this.store.isHeld(name) && isWanted(name)),
    }
  }

  #isOld(name: string): boolean {
    const graceMs = isBuilt(name) ? this.buildCacheMs : this.graceMs
    // Its change is when it was renamed into its place, or was used last by a build.
    return Date.now() - lstatSync(this.store.path(name)).ctimeMs >= graceMs
  }

  /** Removes those of some layers that nothing uses, however old they are. */
  async evict(names: readonly string[]): Promise<void> {
    await this.#running
    const wanted = new Set(names)
    for (const path of this.#moveAside((name) => wanted.has(name))) {
      await rm(path, { recursive: true, force: true })
    }
  }

  async #collect(): Promise<number> {
    const aside = this.#moveAside((name) => this.#isOld(name))
    for (const path of aside) await rm(path, { recursive: true, force: true })
    return aside.length
  }

  /** Everything here happens in one turn: nobody begins to use a layer between the look and the rename. */
  #moveAside(isWanted: (name: string) => boolean): string[] {
    const known = new Set(this.known())
    if (readdirSync(join(this.places.disk, 'layers')).every((name) => known.has(name))) return []
    const lock = openSync(join(this.places.home, layersLock), 'a', 0o600)
    try {
      // Somebody builds a template: what it has unpacked is in no template yet.
      if (!flockNow(lock)) return []
      const unused = this.#unused(isWanted)
      if ('unknown' in unused) {
        this.log.warn(
          { why: unused.unknown },
          'layers that nothing uses are kept, for it is not known which these are',
        )
        return []
      }
      return unused.layers.map((name) => {
        const path = join(this.store.ingest, `unused-${name}`)
        renameSync(this.store.path(name), path)
        this.log.info({ layer: name }, 'a layer that nothing uses is removed')
        return path
      })
    } finally {
      closeSync(lock)
    }
  }
}

function usedLayers({ home, disk, records }: Places): { layers: Set<string> } | { unknown: string } {
  const layers = new Set<string>()
  for (const files of recordFiles({ home, disk, records })) {
    const said = firstReadable(files)
    if ('unknown' in said) return said
    for (const name of said.layers) layers.add(name)
  }
  return { layers }
}

/** The files that say what each thing uses: of several, the first that can be read. */
function recordFiles({ home, disk, records }: Places): string[][] {
  const json = /\.json$/
  const snapshots = new Set([
    ...namesIn(join(home, 'snapshots')).flatMap((name) => (json.test(name) ? [name.replace(json, '')] : [])),
    // One without a record is left as it is. What a disk was, a copy on it says.
    ...namesIn(join(disk, 'snapshots')).filter((name) => name.startsWith('sn_')),
  ])
  const quarantined = new Set([...namesIn(join(home, 'quarantine')), ...namesIn(join(disk, 'quarantine'))])
  const boxes = records.flatMap((directory) => namesIn(directory).map((name) => join(directory, name)))
  return [
    ...namesIn(join(disk, 'templates')).flatMap((name) =>
      json.test(name) ? [[join(disk, 'templates', name)]] : [],
    ),
    ...[...snapshots].map((id) => [
      join(home, 'snapshots', `${id}.json`),
      join(disk, 'snapshots', id, 'record.json'),
    ]),
    ...[...quarantined].map((id) => [
      join(home, 'quarantine', id, 'record/record.json'),
      join(disk, 'quarantine', id, 'record.json'),
    ]),
    ...boxes.map((path) => [join(path, 'record.json')]),
  ]
}

function firstReadable(files: readonly string[]): { layers: string[] } | { unknown: string } {
  for (const file of files) {
    try {
      const raw: unknown = JSON.parse(readFileSync(file, 'utf8'))
      const rolledBack = rollbackLayers.safeParse(raw).data?.rollback.layers ?? []
      return { layers: [...withLayers.parse(raw).layers, ...rolledBack] }
    } catch {
      // The next one may say it.
    }
  }
  return { unknown: `${files[0]} cannot be read` }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

import { type Http, pages } from './http.js'
import { type SearchOptions, searchIn } from './search.js'
import { StoredFiles } from './stored-files.js'
import type {
  ChangeVolume,
  CreateVolume,
  SearchEnd,
  SearchMatch,
  VolumeDescription,
  VolumeSnapshotDescription,
} from './types.js'

/** The volumes of the tenant: named disks that sandboxes mount, several at once. */
export class Volumes {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Makes a volume, empty or from a snapshot of another one.
   *
   * @param wanted `sizeMiB`: what it holds at most, which counts against the quota of disk; 1024 if absent
   * @throws Conflict when another volume has the name
   * @throws QuotaExceeded
   * @example
   * const { id } = await cloche.volumes.create({ name: 'datasets', sizeMiB: 64 })
   * await cloche.volumes.files(id).write('/words.txt', 'one two three')
   * const volumes = [{ volume: id, path: '/data', readOnly: true }]
   * await using reader = await cloche.sandboxes.create({ volumes })
   * console.log((await reader.exec('cat /data/words.txt')).stdout)
   */
  create(wanted: CreateVolume): Promise<VolumeDescription> {
    return this.#http.json({ method: 'POST', path: '/volumes', json: wanted })
  }

  /** All of them, newest first. */
  list(): AsyncGenerator<VolumeDescription, void, undefined> {
    return pages(this.#http, '/volumes')
  }

  /** @throws NotFound */
  describe(id: string): Promise<VolumeDescription> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /**
   * Gives it another name or size. Sandboxes that have it go on.
   * @throws QuotaExceeded also when it holds more than its size is to be
   */
  update(id: string, change: ChangeVolume): Promise<VolumeDescription> {
    return this.#http.json({ method: 'PATCH', path: pathOf(id), json: change })
  }

  /** Deletes one, for good. Snapshots of it stay. @throws Conflict while a sandbox has it, running or not */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: pathOf(id) })
  }

  /** Its files. No sandbox is needed for it; paths begin at the volume itself, and never lead out of it. */
  files(id: string): StoredFiles {
    return new StoredFiles(this.#http, pathOf(id))
  }

  /**
   * Lines of its files that contain `query`, while they are found, as `files.search` of a sandbox. No sandbox needs to have it.
   * Whoever stops reading ends the search.
   * @throws InvalidRequest for a regular expression or a path that is wrong
   * @example
   * const { id } = await cloche.volumes.create({ name: 'texts', sizeMiB: 16 })
   * await cloche.volumes.files(id).write('/a.txt', 'one\ntwo\n')
   * for await (const { path, line, text } of cloche.volumes.search(id, 'two')) console.log(`${path}:${line}: ${text}`)
   */
  search(
    id: string,
    query: string,
    options: SearchOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<SearchMatch, SearchEnd, undefined> {
    return searchIn(this.#http, pathOf(id), query, options)
  }

  /** Takes a snapshot of it, as it is at this moment. @throws QuotaExceeded */
  snapshot(id: string, { name }: { name?: string } = {}): Promise<VolumeSnapshotDescription> {
    const json = name === undefined ? {} : { name }
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/snapshots`, json })
  }

  /** Snapshots of volumes, newest first. @param volume id of a volume: only of this one */
  snapshots({
    volume,
  }: {
    volume?: string
  } = {}): AsyncGenerator<VolumeSnapshotDescription, void, undefined> {
    return pages(this.#http, '/volume-snapshots', { volume })
  }

  /** Deletes a snapshot of a volume, for good. Volumes that were made from it stay. @throws NotFound */
  deleteSnapshot(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/volume-snapshots/${encodeURIComponent(id)}` })
  }
}

const pathOf = (id: string) => `/volumes/${encodeURIComponent(id)}`

import { opendir } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import type { PathHandle } from '../files/root.js'
import { bounds } from './bounds.js'
import { badBuild } from './error.js'

/** How long a walk keeps everybody else waiting. */
const turnMs = 5

/** What a walk over a tree may look at. */
export class WalkBudget {
  #entries = 0
  #bytes = 0
  #since = performance.now()

  constructor(
    private readonly line: number,
    private readonly signal: AbortSignal,
  ) {}

  /** For each entry, before anything else is done with it. */
  take(depth: number): void {
    if (++this.#entries > bounds.entries)
      throw badBuild(`more than ${bounds.entries} files are copied at once`, this.line)
    if (depth > bounds.depth) throw badBuild(`directories are deeper than ${bounds.depth} steps`, this.line)
  }

  /** For each file that is copied. */
  takeBytes(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > bounds.copyBytes)
      throw badBuild(`what is copied is larger than ${bounds.copyBytes / 1024 ** 4} TiB`, this.line)
  }

  /** Lets others have their turn, again and again. @throws the signal's reason when it is aborted */
  async rest(): Promise<void> {
    if (performance.now() - this.#since > turnMs) {
      await setImmediate()
      this.#since = performance.now()
    }
    this.signal.throwIfAborted()
  }

  /** Names in a directory, sorted: each counts. */
  async namesIn(directory: PathHandle, depth: number): Promise<Buffer[]> {
    const names: string[] = []
    // Names are bytes: each is a character of this encoding, which is sorted as they are.
    for await (const { name } of await opendir(directory.path(), { encoding: 'latin1', bufferSize: 512 })) {
      this.take(depth)
      await this.rest()
      names.push(name)
    }
    return names.toSorted().map((name) => Buffer.from(name, 'latin1'))
  }
}

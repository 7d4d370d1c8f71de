import type { WatchEvent } from '../lib/protocol'
import type { FilesClient } from './client'

/** After the watch ended or was refused; until then what is shown is read again every few seconds. */
const retryMs = 5000
/** A program that writes all the time does not make the page read all the time. */
const leastMs = 500

export interface FilesListener {
  /** Whether all changes are told from now on. */
  watched(is: boolean): void
  /** @param entries that were made, moved or deleted. @param paths of all that changed */
  changed(entries: ReadonlySet<string>, paths: ReadonlySet<string>): void
  /** Anything may have changed. */
  anew(): void
}

/** Tells of changes below a directory until `signal` ends it. */
export async function watchFiles(
  client: FilesClient,
  directory: string,
  listener: FilesListener,
  signal: AbortSignal,
): Promise<void> {
  const collected = new Collected(listener)
  while (!signal.aborted) {
    try {
      for await (const event of client.watch(directory, signal)) {
        if (event.type === 'change') collected.add(event.changes)
        else if (event.type !== 'end') {
          listener.watched(event.complete)
          listener.anew()
        }
      }
    } catch {
      // Not running, or no connection: whoever polls meanwhile shows what is wrong.
    }
    listener.watched(false)
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, retryMs))
  }
}

type Changes = Extract<WatchEvent, { type: 'change' }>['changes']

/** Changes until it is time to tell of them: the first at once. */
class Collected {
  #entries = new Set<string>()
  #paths = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(private readonly listener: FilesListener) {}

  add(changes: Changes): void {
    for (const { path, type, from } of changes) {
      for (const one of from === undefined ? [path] : [path, from]) {
        this.#paths.add(one)
        if (type !== 'modified') this.#entries.add(one)
      }
    }
    this.#timer ??= setTimeout(() => this.#tell(), Math.max(0, this.#toldAt + leastMs - performance.now()))
  }

  #tell(): void {
    const [entries, paths] = [this.#entries, this.#paths]
    this.#entries = new Set()
    this.#paths = new Set()
    this.#timer = undefined
    this.#toldAt = performance.now()
    this.listener.changed(entries, paths)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { WatchEndReason } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { bytesOf } from '../files/path.js'
import type { FilesRoot } from '../files/root.js'
import { type WatchRequest, watchMessage } from './messages.js'
import { SharedWatch, type Watcher } from './shared-watch.js'

/** The thread is kept for so long when nobody watches. */
const idleMs = 60_000
/** Directories that one watch follows. */
const directoriesMax = 20_000
/** The thread hears of it within milliseconds, unless the disk hangs. */
const endMs = 5000
/** Listeners, of one sandbox and of all sandboxes of one tenant. */
const [sandboxMax, tenantMax] = [16, 64]
/** Directories that are watched at a time; the kernel has 128 groups for one user unless it is told otherwise. */
const watchesMax = 1000

export interface WatchWanted {
  readonly path: string
  readonly recursive: boolean
}

/** Directories of sandboxes that somebody watches, each once however many do, on a thread that comes and goes with them. */
export class Watches {
  readonly #shared = new Map<string, SharedWatch>()
  readonly #byId = new Map<number, SharedWatch>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #ids = 0

  /** @param program the module that calls `runWatchThread` in a thread: this program itself */
  constructor(
    private readonly program: string,
    private readonly log: Logger,
  ) {}

  /**
   * @param root of the sandbox's files; used in this call only
   * @returns to be called when nobody listens any more
   * @throws RuntimeRefusal `rate_limited` when there are too many already, `file_not_found` and the like
   */
  async watch(root: FilesRoot, wanted: WatchWanted, watcher: Watcher): Promise<() => Promise<void>> {
    this.#assertRoom(watcher)
    const key = JSON.stringify([watcher.sandboxId, wanted.path, wanted.recursive])
    let shared = this.#shared.get(key)
    shared ??= this.#begin(root, key, wanted, watcher)
    shared.join(watcher)
    await shared.began
    return () => shared.leave(watcher)
  }

  /** Ends what is watched in a sandbox. Nothing holds its file system when this resolves. */
  async end(sandboxId: string, reason: WatchEndReason): Promise<void> {
    const theirs = [...this.#byId.values()].filter((shared) => shared.sandboxId === sandboxId)
    if (theirs.length === 0) return
    const ended = Promise.all(theirs.map((shared) => shared.end(reason)))
    const late = sleep(endMs, 'late' as const, { ref: false })
    if ((await Promise.race([ended, late])) === 'late') {
      this.log.error({ sandboxId }, 'the files of a sandbox that ends are still watched')
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    await this.#worker?.terminate()
  }

  #assertRoom({ sandboxId, tenantId }: Watcher): void {
    const watchers = [...this.#byId.values()].flatMap((shared) => [...shared.watchers])
    const refuse = (what: string, max: number) => {
      throw new RuntimeRefusal('rate_limited', `${what} is watched by ${max} callers, which is all it can be`)
    }
    if (watchers.filter((one) => one.sandboxId === sandboxId).length >= sandboxMax) {
      refuse(`sandbox ${sandboxId}`, sandboxMax)
    }
    if (watchers.filter((one) => one.tenantId === tenantId).length >= tenantMax) {
      refuse('what the tenant has on this node', tenantMax)
    }
    if (this.#byId.size >= watchesMax) refuse('this node', watchesMax)
  }

  #begin(
    root: FilesRoot,
    key: string,
    { path, recursive }: WatchWanted,
    { sandboxId }: Watcher,
  ): SharedWatch {
    const directory = root.directory(path)
    try {
      directory.refuseForeign(path)
    } catch (error) {
      directory[Symbol.dispose]()
      throw error
    }
    clearTimeout(this.#idle)
    const worker = this.#thread()
    const id = ++this.#ids
    const send = (request: WatchRequest) => worker.postMessage(request)
    const forget = () => this.#shared.get(key)?.id === id && this.#shared.delete(key)
    const shared = new SharedWatch(id, sandboxId, directory, send, forget, () => {
      this.#byId.delete(id)
      if (this.#byId.size === 0) this.#idle = setTimeout(() => this.#stop(), idleMs).unref()
    })
    this.#shared.set(key, shared)
    this.#byId.set(id, shared)
    const base = bytesOf(path).toString('latin1').replace(/\/+$/, '')
    send({ act: 'begin', id, fd: directory.fd, base, recursive, directoriesMax })
    return shared
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(new URL(this.program), {
      ...{ workerData: { thread: 'watch' }, trackUnmanagedFds: false },
    })
    worker.unref()
    worker.on('message', (message: unknown) => {
      const heard = watchMessage.parse(message)
      this.#byId.get(heard.id)?.heard(heard)
    })
    worker.once('error', (error) => this.log.error({ error }, 'the thread that watches files has failed'))
    worker.once('exit', () => {
      if (this.#worker !== worker) return // nobody needed it any more
      this.#worker = undefined
      const error = { code: null, message: 'the thread that watches files has ended' }
      for (const shared of this.#byId.values()) shared.heard({ what: 'ended', id: shared.id, error })
    })
    this.#worker = worker
    return worker
  }

  #stop(): void {
    void this.#worker?.terminate()
    this.#worker = undefined
  }
}

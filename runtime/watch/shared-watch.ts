import type { WatchEndReason, WatchEvent } from '../../protocol/api/index.js'
import { notRunning, RuntimeRefusal } from '../errors.js'
import type { PathHandle } from '../files/root.js'
import type { WatchMessage, WatchRequest } from './messages.js'

export interface Watcher {
  readonly sandboxId: string
  readonly tenantId: string
  /** Is told of events, with `end` last unless it leaves before. */
  hear(event: WatchEvent): void
}

type Failure = Extract<WatchMessage, { what: 'ended' }>['error']

/** Before it began: it could not, or the sandbox ended. */
function refusalOf(sandboxId: string, error: Failure): Error {
  if (error === null) return notRunning(sandboxId, 'ending')
  return error.code === null ? new Error(error.message) : new RuntimeRefusal(error.code, error.message)
}

/** One directory that is watched, for everybody who asked for it. */
export class SharedWatch {
  readonly watchers = new Set<Watcher>()
  readonly began: Promise<void>
  readonly #ended: Promise<void>
  /** What a watcher that comes later is told first. */
  #state: Extract<WatchEvent, { type: 'ready' }> | undefined
  #reason: WatchEndReason | undefined
  #ending = false
  #begin: { resolve(): void; reject(error: Error): void } = { resolve: () => {}, reject: () => {} }
  #end = () => {}

  constructor(
    readonly id: number,
    readonly sandboxId: string,
    private readonly directory: PathHandle,
    private readonly send: (request: WatchRequest) => void,
    private readonly forget: () => void,
    private readonly over: () => void,
  ) {
    this.began = new Promise((resolve, reject) => {
      this.#begin = { resolve, reject }
    })
    this.began.catch(() => {}) // told to who waits for it
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  join(watcher: Watcher): void {
    this.watchers.add(watcher)
    if (this.#state !== undefined) watcher.hear(this.#state)
  }

  /** Resolves when nothing is held for this watcher any more. */
  async leave(watcher: Watcher): Promise<void> {
    this.watchers.delete(watcher)
    if (this.watchers.size === 0) await this.end('stopped')
  }

  end(reason: WatchEndReason): Promise<void> {
    this.forget()
    this.#reason ??= reason
    if (!this.#ending) this.send({ act: 'end', id: this.id })
    this.#ending = true
    return this.#ended
  }

  heard(message: WatchMessage): void {
    if (message.what === 'ended') this.#over(message.error)
    else if (message.what === 'begun') this.#begin.resolve()
    else this.#told(message.event)
  }

  #told(event: WatchEvent): void {
    if (event.type === 'end') {
      this.#reason ??= event.reason
      return
    }
    if (event.type === 'ready' || event.type === 'rescan') {
      this.#state = { type: 'ready', complete: event.complete }
    }
    for (const watcher of this.watchers) watcher.hear(event)
  }

  #over(error: Failure): void {
    this.forget()
    this.#ending = true
    this.directory[Symbol.dispose]()
    this.over()
    this.#begin.reject(refusalOf(this.sandboxId, error))
    const reason = this.#reason ?? 'failed'
    for (const watcher of this.watchers) watcher.hear({ type: 'end', reason })
    this.watchers.clear()
    this.#end()
  }
}

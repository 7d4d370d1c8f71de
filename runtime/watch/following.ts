import type { WatchEndReason, WatchEvent } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'

/** What is watched until it ends by itself or is left. */
export interface Watching {
  /** Resolves when nothing is held any more. */
  leave(): Promise<void>
}

type Hear = (event: WatchEvent) => void
/** @param again it was watched before, in a sandbox that was stopped or started since */
type Begin = (hear: Hear, again: boolean) => Promise<Watching>

/** A sandbox that is stopped and started in the middle of that is asked again this often. */
const triesMax = 5

/**
 * A watch that goes on when the sandbox is stopped and when it starts: the files are of another mount then, and what happened
 * in between is not known, so whoever listens is told to read everything again.
 */
export class Following {
  #watching: Watching | undefined
  #ready = false
  #left = false

  constructor(
    private readonly open: Begin,
    private readonly hear: Hear,
  ) {}

  /** @throws RuntimeRefusal when it cannot be watched */
  begin(): Promise<void> {
    return this.#begin(false)
  }

  async leave(): Promise<void> {
    this.#left = true
    await this.#watching?.leave()
  }

  async #begin(again: boolean): Promise<void> {
    let begun = false
    const hear = (event: WatchEvent) => {
      if (event.type !== 'end') this.#told(event)
      // Before it began, the refusal tells.
      else if (begun) this.#ended(event.reason)
    }
    const watching = await this.open(hear, again)
    begun = true
    this.#watching = watching
    if (this.#left) await watching.leave()
  }

  #told(event: WatchEvent): void {
    if (this.#left) return
    if (event.type === 'ready' && this.#ready) {
      this.hear({ type: 'rescan', complete: event.complete })
      return
    }
    if (event.type === 'ready') this.#ready = true
    this.hear(event)
  }

  #ended(reason: WatchEndReason): void {
    this.#watching = undefined
    if (this.#left) return
    if (reason === 'stopped') void this.#again()
    else this.hear({ type: 'end', reason })
  }

  async #again(): Promise<void> {
    for (let tries = 1; !this.#left; tries++) {
      try {
        return await this.#begin(true)
      } catch (error) {
        const code = error instanceof RuntimeRefusal ? error.code : undefined
        if (code === 'sandbox_not_running' && tries < triesMax) continue
        if (!this.#left) this.hear({ type: 'end', reason: reasons[code ?? ''] ?? 'failed' })
        return
      }
    }
  }
}

const reasons: Readonly<Record<string, WatchEndReason>> = {
  /** It was set aside. */
  not_found: 'stopped',
  /** It was in memory, as `/run` is, or went with a restored snapshot. */
  file_not_found: 'deleted',
  conflict: 'deleted',
}

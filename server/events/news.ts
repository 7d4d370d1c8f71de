import type { Notice, Notices } from '../database/notices.js'

/**
 * Whether something new has happened in a tenant since it was looked at last. It listens until it is disposed of, or
 * until the signal aborts: what waits is woken then.
 */
export class TenantNews implements Disposable {
  #fresh = false
  #wake = () => {}

  constructor(
    private readonly notices: Notices,
    private readonly tenantId: string,
    private readonly signal: AbortSignal,
  ) {
    if (signal.aborted) return
    notices.on('notice', this.#hear).on('missed', this.#tell)
    signal.addEventListener('abort', this.#end)
  }

  /** What comes from here on is new. Called before it is looked. */
  look(): void {
    this.#fresh = false
  }

  /** Resolves when there is something new, and after a while: a notice may be lost with its connection. */
  async next(withinMs: number): Promise<void> {
    if (this.#fresh || this.signal.aborted) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, withinMs)
      late.unref()
      this.#wake = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  [Symbol.dispose](): void {
    this.notices.off('notice', this.#hear).off('missed', this.#tell)
    this.signal.removeEventListener('abort', this.#end)
  }

  readonly #hear = (told: Notice) => {
    if (told.type === 'events' && told.id === this.tenantId) this.#tell()
  }

  readonly #tell = () => {
    this.#fresh = true
    this.#wake()
  }

  readonly #end = () => {
    this[Symbol.dispose]()
    this.#wake()
  }
}

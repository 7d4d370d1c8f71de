import type { Principal } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import type { Notices } from '../database/notices.js'
import { type Admitted, isPublic, type PreviewAccess } from './access.js'
import { keyOf, type PortTarget } from './target.js'

/** The longest time that a timer can hold. */
const longestMs = 2 ** 31 - 1

interface Open {
  readonly target: PortTarget
  readonly who: Principal | null
  end(): void
}

/**
 * What visitors of previews have open here: requests that are being answered, and upgraded connections. It ends when
 * the port is not public any more, or when the access of whoever opened it ends.
 */
export class OpenPreviews {
  readonly #open = new Set<Open>()

  constructor(
    private readonly access: PreviewAccess,
    private readonly watch: AccessWatch,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'port') void this.check({ sandboxId: told.id, port: told.port })
    })
    notices.on('missed', () => void this.check())
  }

  /** @returns to be called when it has ended by itself */
  add(target: PortTarget, { found, who }: Admitted, end: () => void): () => void {
    const one = { target, who, end }
    this.#open.add(one)
    // It may have changed while it was looked up.
    if (who === null) void this.#look(one)
    const unwatch = who === null ? () => {} : this.watch.add(who, end)
    const leftMs = (found.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now()
    const expiry =
      who === null && leftMs < longestMs ? setTimeout(end, Math.max(0, leftMs)).unref() : undefined
    return () => {
      this.#open.delete(one)
      unwatch()
      clearTimeout(expiry)
    }
  }

  /** Ends what is not allowed any more. @param target everything when it is not given */
  async check(target?: PortTarget): Promise<void> {
    for (const one of [...this.#open]) {
      if (one.who !== null || (target !== undefined && keyOf(one.target) !== keyOf(target))) continue
      await this.#look(one)
    }
  }

  async #look({ target, end }: Open): Promise<void> {
    // What cannot be looked up does not go on.
    const found = await this.access.find(target).catch(() => undefined)
    if (found === undefined || !isPublic(found)) end()
  }

  endAll(): void {
    for (const { end } of [...this.#open]) end()
  }
}

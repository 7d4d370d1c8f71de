import type { Principal } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import type { Notices } from '../database/notices.js'
import { isOfPeople } from '../guests/access.js'
import type { Guests } from '../guests/guests.js'
import { type Admitted, isGuest, isPublic, type PreviewAccess } from './access.js'
import { keyOf, type PortTarget } from './target.js'

/** The longest time that a timer can hold. */
const longestMs = 2 ** 31 - 1

interface Open {
  readonly target: PortTarget
  readonly who: Principal | null
  /** Who is in the sandbox by a share of it. */
  readonly guest: Principal | null
  end(): void
}

/**
 * What visitors of previews have open here: requests that are being answered, and upgraded connections. It ends when
 * the port is not public any more, when the access of whoever opened it ends, or when the share ends that a guest came by.
 */
export class OpenPreviews {
  readonly #open = new Set<Open>()

  constructor(
    private readonly access: PreviewAccess,
    private readonly watch: AccessWatch,
    private readonly guests: Guests,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'port') void this.check({ sandboxId: told.id, port: told.port })
      // It may be who shared a port.
      else if (told.type === 'access' && isOfPeople(told)) void this.check()
    })
    notices.on('missed', () => void this.check())
  }

  /** @returns to be called when it has ended by itself */
  add(target: PortTarget, { found, who }: Admitted, end: () => void): () => void {
    const guest = who !== null && isGuest(who, found) ? who : null
    const one = { target, who, guest, end }
    this.#open.add(one)
    // It may have changed while it was looked up.
    if (who === null || guest !== null) void this.#look(one)
    const held = guest === null ? undefined : this.guests.hold(guest, target.sandboxId, end, 'port.open')
    const unwatch = who === null ? () => {} : this.watch.add(who, end, target.sandboxId)
    const leftMs = (found.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now()
    const expiry =
      who === null && leftMs < longestMs ? setTimeout(end, Math.max(0, leftMs)).unref() : undefined
    return () => {
      this.#open.delete(one)
      unwatch()
      void held?.then(({ release }) => release())
      clearTimeout(expiry)
    }
  }

  /** Ends what is not allowed any more. @param target everything when it is not given */
  async check(target?: PortTarget): Promise<void> {
    for (const one of [...this.#open]) {
      if (
        (one.who !== null && one.guest === null) ||
        (target !== undefined && keyOf(one.target) !== keyOf(target))
      )
        continue
      await this.#look(one)
    }
  }

  async #look({ target, guest, end }: Open): Promise<void> {
    // What cannot be looked up does not go on.
    const found = await this.access.find(target).catch(() => undefined)
    const allowed = found !== undefined && (guest === null ? isPublic(found) : found.visibility !== 'tenant')
    if (!allowed) end()
  }

  endAll(): void {
    for (const { end } of [...this.#open]) end()
  }
}

import type { Action } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import type { SandboxService } from '../sandboxes/service.js'

/** Somebody who comes by SSH. */
export type SshPrincipal = Principal & { readonly ssh: NonNullable<Principal['ssh']> }

interface Parts {
  readonly sandboxes: SandboxService
  readonly watch: AccessWatch
}

/**
 * Ends something that is open when the connection, the membership or the share ends by which it is.
 * @param action what a share must allow
 * @returns to be called when it has ended by itself
 */
export async function holdOpen(
  { sandboxes, watch }: Parts,
  who: SshPrincipal,
  action: Action,
  end: () => void,
): Promise<() => void> {
  const { sandboxId } = who.ssh
  const unwatch = watch.add(who, end, sandboxId)
  if (!(await sandboxes.isGuest(who, sandboxId))) return unwatch
  const { release } = await sandboxes.guests.hold(who, sandboxId, end, action)
  return () => {
    unwatch()
    release()
  }
}

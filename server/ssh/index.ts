import type { SshServer } from '../../protocol/api/index.js'
import type { Attempts } from '../auth/attempts.js'
import type { Principals } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import type { Database } from '../database/client.js'
import type { SandboxService } from '../sandboxes/service.js'
import { SshAccessService } from './access.js'
import { SshKeyService } from './keys.js'
import { SshLogin } from './login.js'
import { SshSessions } from './sessions.js'

interface Parts {
  readonly database: Database
  readonly principals: Principals
  readonly attempts: Attempts
  readonly sandboxes: SandboxService
  readonly watch: AccessWatch
  /** Where SSH is answered; null while it is off. */
  readonly server: SshServer | null
}

/** SSH, but for the protocol itself: that is the gateway's, a process of its own (`gateway/`). */
export function openSsh({ database, principals, attempts, sandboxes, watch, server }: Parts) {
  const sessions = new SshSessions(database, principals)
  return {
    keys: new SshKeyService(database),
    access: new SshAccessService(database, sandboxes, server),
    login: new SshLogin(database, principals, attempts, sandboxes, sessions),
    ...{ sessions, sandboxes, watch },
  }
}

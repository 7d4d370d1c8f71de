import type { RequestId } from '@modelcontextprotocol/sdk/types.js'
import type { Database } from '../database/client.js'
import { type Notices, tell } from '../database/notices.js'

/** Names a call among all that are under way. */
export interface CallName {
  readonly keyId: string
  /** As the client was given it; the calls of each client have numbers of their own. */
  readonly session: string
  readonly request: RequestId
}

/**
 * Ends calls that a client cancels. The message that says so is a call of its own, and may come to another server.
 * Whoever has another key cancels nothing: the key is a part of the name.
 */
export class Cancellations {
  readonly #underWay = new Map<string, () => void>()

  constructor(
    private readonly database: Database,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'mcp_cancel') this.#underWay.get(textOf(told))?.()
    })
  }

  /** @returns to be called when it has ended */
  add(call: CallName, cancel: () => void): () => void {
    const name = textOf(call)
    this.#underWay.set(name, cancel)
    return () => {
      if (this.#underWay.get(name) === cancel) this.#underWay.delete(name)
    }
  }

  /** What has ended already is not there, which is no mistake. */
  async cancel(call: CallName): Promise<void> {
    const here = this.#underWay.get(textOf(call))
    if (here !== undefined) here()
    else await tell(this.database.relaxed, { type: 'mcp_cancel', ...call })
  }
}

const textOf = ({ keyId, session, request }: CallName) => JSON.stringify([keyId, session, request])

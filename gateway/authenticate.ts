import type { AuthContext, Connection, PublicKeyAuthContext } from 'ssh2'
import type { Logger } from '../common/log.js'
import { type Api, Refused } from './api.js'
import { maxOffers, maxSignatures } from './limits.js'

/** Somebody who has proved to have a key. */
export interface Entered {
  /** Undefined when there is no way in, and `refused` says why. */
  readonly session: { readonly api: Api; readonly sandboxId: string; readonly home: string } | undefined
  readonly refused: string | undefined
  /** Ends the session at the server. */
  leave(): Promise<void>
}

const supported: ReadonlySet<string> = new Set([
  ...['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
])

/**
 * Lets in whoever signs with a key that the server knows. Which keys it knows, the gateway does not, and says so to nobody: every key is
 * worth a signature, and the answer to it is the same whatever was wrong.
 *
 * @param address of the client
 */
export function authenticate(client: Connection, api: Api, address: string, log: Logger): Promise<Entered> {
  const gone = new AbortController()
  let [offers, signatures] = [0, 0]
  return new Promise((resolve, reject) => {
    client.once('close', () => {
      gone.abort()
      reject(new Error('the client has gone'))
    })
    const check = async (context: PublicKeyAuthContext): Promise<void> => {
      const { key, signature, blob } = context
      if (++offers > maxOffers || !supported.has(key.algo)) return context.reject(['publickey'])
      if (signature === undefined || blob === undefined) return context.accept()
      if (++signatures > maxSignatures) return void client.end()
      const answer = await api.login(blob, signature, address, gone.signal)
      const entered = enteredBy(api, answer, log)
      if (gone.signal.aborted) return entered.leave()
      context.accept()
      resolve(entered)
    }
    client.on('authentication', (context: AuthContext) => {
      if (context.method !== 'publickey') {
        // A client asks with `none` what there is.
        if (context.method !== 'none' && ++offers > maxOffers) return void client.end()
        return context.reject(['publickey'])
      }
      check(context).catch((error: unknown) => {
        if (gone.signal.aborted) return
        if (!(error instanceof Refused) || error.status >= 500) {
          log.warn({ error }, 'the server could not be asked who somebody is')
        }
        context.reject(['publickey'])
      })
    })
  })
}

function enteredBy(api: Api, answer: Awaited<ReturnType<Api['login']>>, log: Logger): Entered {
  if ('refused' in answer) {
    return { session: undefined, refused: answer.refused, leave: async () => {} }
  }
  const own = api.as(answer.token)
  return {
    session: { api: own, sandboxId: answer.sandboxId, home: answer.home },
    refused: undefined,
    leave: async () => {
      try {
        await own.done({ method: 'DELETE', path: '/ssh/session' })
      } catch (error) {
        // It has ended already, or ends by itself in minutes.
        if (!(error instanceof Refused)) log.warn({ error }, 'a session was not ended')
      }
    },
  }
}

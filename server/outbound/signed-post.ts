import { createHmac } from 'node:crypto'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { BlockList } from 'node:net'
import { ApiError } from '../errors.js'
import { mayCall, ownNetworks } from './address.js'
import { addressesOf, pinned } from './lookup.js'

/** From the look at the name to the end of the answer. */
const patienceMs = 10_000
/** What every secret begins with; the rest is base64. */
export const secretPrefix = 'whsec_'

/** A message as Standard Webhooks has it. */
export interface SignedMessage {
  /** The same at each attempt, so that a receiver knows what it has already. */
  readonly id: string
  readonly body: string
  /** `whsec_…`; several while a secret is being replaced. */
  readonly secrets: readonly string[]
}

/** What a receiver has answered. */
export interface PostAnswer {
  readonly status: number
  /** The beginning of the body. */
  readonly text: string
}

/**
 * Posts signed messages to addresses that a tenant names. The address that was looked at is the one that is called, and no redirect
 * is followed.
 * @see https://github.com/standard-webhooks/standard-webhooks for the signature
 */
export class SignedPosts {
  /** @param allowList networks beside the public internet that may be called */
  constructor(private readonly allowList: BlockList) {}

  /**
   * Refuses an address that leads into this host's network, as far as it can be known now; it is looked at again
   * before each call.
   * @param field that holds it, for the message
   * @throws ApiError `invalid_request`
   */
  async check(url: string, field: string): Promise<void> {
    const { hostname, username, password } = new URL(url)
    if (username !== '' || password !== '') {
      throw new ApiError('invalid_request', `${field} must not contain a user name or password`)
    }
    const late = AbortSignal.timeout(patienceMs)
    const addresses = await addressesOf(hostname, { signal: late }).catch(() => []) // a name may come to be later
    const own = ownNetworks()
    for (const address of addresses) {
      if (mayCall(address, this.allowList, own)) continue
      throw new ApiError(
        'invalid_request',
        `${field} resolves to ${address}, which is not a public address; use a public host`,
      )
    }
  }

  /**
   * @param answerBytes how much of the answer is read; the connection is closed then
   * @throws Error in words for whoever has named the address, when there is no answer
   */
  async post(url: string, message: SignedMessage, answerBytes = 0): Promise<PostAnswer> {
    const { hostname, protocol } = new URL(url)
    const signal = AbortSignal.timeout(patienceMs)
    const [address] = await addressesOf(hostname, { signal })
    if (address === undefined) throw new Error(`${hostname} has no address`)
    // What a name of this network stands for is not told.
    if (!mayCall(address, this.allowList)) throw new Error(`${hostname} has an address that is not public`)
    const options = {
      method: 'POST',
      ...{ agent: false, signal, lookup: pinned(address), maxHeaderSize: 16_384 },
      headers: {
        ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(message.body) },
        ...{ ...signatureOf(message), 'user-agent': 'cloche' },
      },
    }
    return new Promise<PostAnswer>((resolve, reject) => {
      const outgoing = (protocol === 'https:' ? requestHttps : requestHttp)(url, options)
      outgoing.on('error', reject)
      // Also what switches to another protocol; of no meaning when it has answered.
      const closed = () => reject(new Error(`${hostname} closed the connection`))
      outgoing.once('close', closed)
      outgoing.once('response', (answer) => {
        outgoing.off('close', closed)
        beginningOf(answer, answerBytes)
          .then((text) => resolve({ status: answer.statusCode ?? 0, text }))
          .finally(() => answer.destroy())
      })
      outgoing.end(message.body)
    })
  }
}

export const isTaken = ({ status }: PostAnswer): boolean => status >= 200 && status < 300

function signatureOf({ id, body, secrets }: SignedMessage) {
  const at = Math.floor(Date.now() / 1000)
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(secretPrefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures.join(' ') }
}

/** What is not text by then is cut off, as is what breaks off: the status has decided. */
async function beginningOf(answer: IncomingMessage, bytes: number): Promise<string> {
  if (bytes === 0) return ''
  const chunks: Buffer[] = []
  let read = 0
  try {
    for await (const chunk of answer) {
      const piece = Buffer.from(chunk)
      chunks.push(piece)
      read += piece.length
      if (read >= bytes) break
    }
  } catch {
    // What came is what there is.
  }
  return Buffer.concat(chunks).subarray(0, bytes).toString()
}

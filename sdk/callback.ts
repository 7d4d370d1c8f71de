import { fromBase64, toBytes } from './bytes.js'
import { ClocheError } from './errors.js'
import type { RunDescription, TenantEvent } from './types.js'

/** A callback that Cloche did not send, or that somebody sends again. */
export class InvalidCallback extends ClocheError {
  override readonly name = 'InvalidCallback'
  constructor(message: string) {
    super('invalid_callback', message)
  }
}

/** What a signature may be old, and clocks may differ, as the standard suggests. */
const toleranceSeconds = 300

/**
 * The run in a request to `callbackUrl`, once it is sure that Cloche sent it.
 *
 * @param secret of `runs.callbackSecret()`
 * @param body as it came, byte for byte
 * @throws InvalidCallback
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @example
 * app.post('/told', async (request) => {
 *   const { id, status } = await readCallback(secret, new Headers(request.headers), await request.text())
 * })
 */
export async function readCallback(secret: string, headers: Headers, body: string): Promise<RunDescription> {
  await verify(secret, headers, body)
  return JSON.parse(body)
}

/**
 * The event in a request to the URL of a webhook, once it is sure that Cloche sent it. The same event may come twice, with
 * the same `id`.
 *
 * @param secret of `webhooks.create()`, or of `webhooks.rotateSecret()`
 * @param body as it came, byte for byte
 * @throws InvalidCallback
 * @example
 * app.post('/cloche', async (request) => {
 *   const { id, type, data } = await readWebhook(secret, new Headers(request.headers), await request.text())
 * })
 */
export async function readWebhook(secret: string, headers: Headers, body: string): Promise<TenantEvent> {
  await verify(secret, headers, body)
  return JSON.parse(body)
}

/** @throws InvalidCallback */
async function verify(secret: string, headers: Headers, body: string): Promise<void> {
  const [id, at, signatures] = ['id', 'timestamp', 'signature'].map((name) => headers.get(`webhook-${name}`))
  if (!id || !at || !signatures) throw new InvalidCallback('the request has no signature')
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= toleranceSeconds)) {
    throw new InvalidCallback('the signature is too old, or the clocks differ')
  }
  const raw = new Uint8Array(fromBase64(secret.replace(/^whsec_/, '')))
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['verify'])
  const signed = new Uint8Array(toBytes(`${id}.${at}.${body}`))
  for (const signature of signatures.split(' ')) {
    const [version, text = ''] = signature.split(',')
    if (version === 'v1' && (await crypto.subtle.verify('HMAC', key, decoded(text), signed))) return
  }
  throw new InvalidCallback('the signature is not right')
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(fromBase64(text))
  } catch {
    return new Uint8Array() // not base64: no signature
  }
}

import type { IncomingMessage } from 'node:http'
import { ApiError } from '../errors.js'

/** A balancer asks these by whatever name it has. */
const forEverybody = new Set(['/healthz', '/readyz'])

/**
 * Refuses a request for a host that is not ours: a page of another name would otherwise be told our answers (DNS
 * rebinding), and what an answer says of its own address would be the caller's choice. The host of `CLOCHE_URL`, the
 * names of loopback, those of `CLOCHE_HOSTS`, and the address at which the connection came in are ours, on any port.
 *
 * @throws ApiError `invalid_request`
 */
export function refuseForeignHost(request: IncomingMessage, hosts: readonly string[]): void {
  if (forEverybody.has((request.url ?? '').split('?')[0] ?? '')) return
  const named = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.exec(request.headers.host ?? '')?.[1]?.toLowerCase()
  const { localAddress = '' } = request.socket
  const arrivedAt = localAddress.replace(/^::ffff:/, '')
  if (named !== undefined && (hosts.includes(named) || named === arrivedAt || named === `[${arrivedAt}]`))
    return
  throw new ApiError(
    'invalid_request',
    'this server does not answer for the host that was asked for; the operator can add the name to CLOCHE_HOSTS',
  )
}

import { ApiError } from '../errors.js'
import { OutboundFailed, OutboundRefused } from '../outbound/http.js'
import { TooLong } from '../outbound/text.js'
import { RegistryError } from '../registry/error.js'
import { RemoteRefused } from './session.js'

/** Errors whose words were written for tenants. */
const told = [ApiError, RegistryError, RemoteRefused, OutboundRefused, OutboundFailed, TooLong]
/** Of the network: the message names addresses, so only the code is told. */
const network =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|ETIMEDOUT|E(?:HOST|NET)UNREACH|EPIPE|EPROTO|HPE_[A-Z_]{1,40})$/
/** Of TLS: the message says what is wrong with the certificate. */
const tls =
  /^(?:CERT_[A-Z_]+|ERR_(?:TLS|SSL)_[A-Z_\d]+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+)$/

/** What a tenant is told of an error, or undefined when that is for the log. */
export function knownWordsOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (told.some((one) => error instanceof one)) return error.message
  if (error.name === 'TimeoutError') return 'it took longer than six hours'
  const code = 'code' in error ? String(error.code) : ''
  if (tls.test(code)) return `the registry could not be called with TLS: ${error.message}`.slice(0, 400)
  return network.test(code) ? `the connection to the registry failed: ${code}` : undefined
}

export const wordsOf = (error: unknown): string =>
  knownWordsOf(error) ?? 'the image could not be transferred; try it again'

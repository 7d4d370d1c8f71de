import { Pool } from 'undici'

/** Where a node is reached. `ca`, `cert` and `key` are PEM; `serverName` is the name in its certificate, if that is not the URL's. */
export type RuntimeAddress =
  | { readonly socketPath: string }
  | {
      /** `https://host:port` */
      readonly url: string
      readonly ca: string
      readonly cert: string
      readonly key: string
      readonly serverName?: string
    }

/** A node that is there takes no longer to accept a connection. */
const connectTimeoutMs = 10_000
/** A tree of ten thousand long paths is the longest answer that is held as a whole. */
export const maxAnswerBytes = 64 * 1024 * 1024

/**
 * Connections to a node, kept open between calls. Each carries one call at a time, so that nobody waits behind
 * another, and there are as many as calls are under way.
 */
export function openPool(address: RuntimeAddress): Pool {
  if ('socketPath' in address) {
    return new Pool('http://runtime', { socketPath: address.socketPath, connectTimeout: connectTimeoutMs })
  }
  const { url, ca, cert, key, serverName } = address
  return new Pool(url, {
    connectTimeout: connectTimeoutMs,
    connect: {
      ...{ ca, cert, key, minVersion: 'TLSv1.3', rejectUnauthorized: true },
      ...(serverName === undefined ? {} : { servername: serverName }),
    },
  })
}

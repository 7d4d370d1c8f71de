import { readFileSync } from 'node:fs'
import type { NodeAddress } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { RuntimeClient } from '../runtime-client/client.js'

/**
 * A client of the node at an address. Certificates and key are read now.
 * @param mayChange is asked before anything is created or destroyed there
 * @throws ApiError `runtime_unavailable` that names a file which cannot be read
 */
export function connect(address: NodeAddress, mayChange?: () => Promise<void> | undefined): RuntimeClient {
  if ('socketPath' in address) return new RuntimeClient(address, mayChange)
  const { url, caFile, certFile, keyFile, serverName } = address
  const files = { ca: read(caFile), cert: read(certFile), key: read(keyFile) }
  return new RuntimeClient({ url, ...files, ...(serverName === undefined ? {} : { serverName }) }, mayChange)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ApiError('runtime_unavailable', `the server cannot read ${file} (${why})`)
  }
}

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** Addresses of a host, which may be one itself. */
export async function addressesOf(hostname: string): Promise<string[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare) !== 0) return [bare]
  return (await lookup(bare, { all: true })).map(({ address }) => address)
}

type LookupCallback = (
  error: null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void

/** For a request: the address that was looked at is the one that is called. */
export function pinned(address: string) {
  const family = isIP(address)
  return (_: string, options: { all?: boolean | undefined }, answer: LookupCallback) => {
    if (options.all) answer(null, [{ address, family }])
    else answer(null, address, family)
  }
}

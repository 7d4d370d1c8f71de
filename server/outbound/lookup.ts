import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

interface LookupOptions {
  readonly signal?: AbortSignal
  /** Asks the system for any name, as for a host that an operator has named. */
  readonly system?: boolean
  /** DNS servers other than the system's. */
  readonly servers?: readonly string[]
}

/**
 * Addresses of a host, which may be one itself.
 *
 * `getaddrinfo` holds one of libuv's few threads until a DNS server answers, which may be a tenant's and silent. So the system is asked only for
 * names without a dot, which no tenant's server answers for; other names are looked up in `/etc/hosts` and in the DNS, without search domains.
 * @throws Error when there are none, and when the signal aborts
 */
export async function addressesOf(hostname: string, options: LookupOptions = {}): Promise<string[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare) !== 0) return [bare]
  if (options.system || !bare.includes('.')) {
    return (await lookup(bare, { all: true })).map(({ address }) => address)
  }
  const known = await inHostsFile(bare)
  return known.length > 0 ? known : inDns(bare, options)
}

async function inDns(name: string, { signal, servers }: LookupOptions): Promise<string[]> {
  const resolver = new Resolver({ timeout: 3000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  const cancel = () => resolver.cancel()
  signal?.throwIfAborted()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    const later = resolver.resolve6(name)
    later.catch(() => {}) // of no meaning with an IPv4 address
    const addresses = await resolver.resolve4(name).catch(() => [])
    return addresses.length > 0 ? addresses : await later
  } finally {
    signal?.removeEventListener('abort', cancel)
    resolver.cancel()
  }
}

async function inHostsFile(name: string): Promise<string[]> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '') // a system may have none
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((one) => one.toLowerCase() === name.toLowerCase())
      ? [address]
      : []
  })
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

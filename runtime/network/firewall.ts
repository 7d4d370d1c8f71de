import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { Reaper } from '../linux/process.js'
import type { Slot } from '../linux/slot.js'
import { CommandError, run } from '../linux/spawn.js'
import { changesOf, forgetConnections, plain, ruleset, type SandboxPolicy, samePlace } from './ruleset.js'

/**
 * One nftables table holds the whole policy of an instance. It matches interfaces by their prefix and keeps
 * what differs from sandbox to sandbox in sets and maps, so that a plain sandbox costs no rule and no element.
 *
 * - A packet whose source is not the address routed to its interface is dropped (no spoofing); IPv6 as well.
 * - Nothing reaches the host itself, but DNS to the gateway, which is handed to the host's resolver, or to this
 *   process for a sandbox with an allowlist.
 * - Nothing reaches a sandbox that it did not ask for: no neighbour, no world, but the members of its own stack.
 * - Private, link-local and metadata ranges are refused at once, and so is what an allowlist does not name.
 * - Packets, bandwidth, queries and connections of each sandbox are bounded.
 * - A question that meets this process while it is being started again is not refused, so it is asked again.
 */
export class Firewall {
  readonly #places = new Map<string, SandboxPolicy>()
  /** One change after the other: each is computed from what the one before left. */
  #turn: Promise<unknown> = Promise.resolve()
  /** Changes that are not through yet. */
  #waiting = 0

  private constructor(
    private readonly table: string,
    private readonly reaper: Reaper,
  ) {}

  /**
   * Replaces the table in one transaction. What an earlier runtime let its sandboxes reach stays until `keep`
   * says whose it was: connections of sandboxes that outlived it do not notice.
   *
   * @param dnsPort where this process answers the questions of sandboxes with an allowlist
   */
  static async install(
    table: string,
    slot: Slot,
    resolver: string | undefined,
    dnsPort: number,
    reaper: Reaper,
  ): Promise<Firewall> {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    const firewall = new Firewall(table, reaper)
    for (const [address, place] of await readPlaces(table)) firewall.#places.set(address, place)
    const changes = [...firewall.#places].map(([address, place]) => changesOf(table, address, plain, place))
    await firewall.#nft([ruleset(table, slot, resolver, dnsPort), ...changes.flat()])
    return firewall
  }

  /** Brings a sandbox's place to what is wanted. Costs nothing when it is that already. */
  set(address: string, wanted: Partial<SandboxPolicy>): Promise<void> {
    const now = this.policyOf(address)
    if (this.#waiting === 0 && samePlace(now, { ...now, ...wanted })) return Promise.resolve()
    this.#waiting++
    const mine = this.#turn.then(async () => {
      const before = this.policyOf(address)
      const after = { ...before, ...wanted }
      await this.#nft(changesOf(this.table, address, before, after))
      if (samePlace(after, plain)) this.#places.delete(address)
      else this.#places.set(address, after)
    })
    this.#turn = mine
      .catch(() => {})
      .finally(() => {
        this.#waiting--
      })
    return mine
  }

  /** A sandbox that is gone. Connections that still knock for it must not find the next one at its address. */
  async forget(address: string): Promise<void> {
    await this.set(address, plain)
    await this.#nft(forgetConnections(this.table, address))
    await this.reaper.call('conntrack', ['--delete', '--orig-src', address]).catch((error: unknown) => {
      // It ends with 1 when there was none.
      if (!(error instanceof CommandError && error.stderr.includes('0 flow entries'))) throw error
    })
  }

  /** Forgets everybody but these addresses. */
  async keep(addresses: ReadonlySet<string>): Promise<void> {
    for (const address of this.#places.keys()) if (!addresses.has(address)) await this.forget(address)
  }

  /** What a sandbox may reach now. */
  policyOf(address: string): SandboxPolicy {
    return this.#places.get(address) ?? plain
  }

  /** Those that a pair lets reach it. */
  whoReaches(address: string): string[] {
    return [...this.#places].filter(([, { peers }]) => peers.has(address)).map(([one]) => one)
  }

  async #nft(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.reaper.call('nft', ['-f', '-'], `${lines.join('\n')}\n`)
  }
}

/** Removes the table; for an instance that ends. */
export async function uninstallFirewall(table: string): Promise<void> {
  await run('nft', ['-f', '-'], { input: `table inet ${table} {}\ndelete table inet ${table}\n` })
}

/** The first IPv4 resolver of the host that a packet can be routed to. A loopback stub cannot be. */
export function hostResolver(): string | undefined {
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    try {
      const found = readFileSync(file, 'utf8').matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)
      for (const [, address] of found)
        if (address !== undefined && !address.startsWith('127.')) return address
    } catch {
      // The second file exists only where systemd-resolved runs.
    }
  }
  return undefined
}

const listing = z.object({
  nftables: z.array(
    z.object({ set: z.object({ name: z.string(), elem: z.array(z.unknown()).optional() }).optional() }),
  ),
})
const pairElement = z.object({ concat: z.tuple([z.ipv4(), z.ipv4()]) })

/** What is in the sets of an earlier runtime. Bandwidths are in the records; they are set again from there. */
async function readPlaces(table: string): Promise<Map<string, SandboxPolicy>> {
  const places = new Map<string, SandboxPolicy>()
  const read = async (set: string) => {
    // No such table: this is the first start since the host's.
    const text = await run('nft', ['-j', 'list', 'set', 'inet', table, set]).catch(() => '{"nftables":[]}')
    return listing.parse(JSON.parse(text)).nftables.flatMap((one) => one.set?.elem ?? [])
  }
  for (const address of await read('listed')) {
    places.set(z.ipv4().parse(address), { ...plain, allowed: new Set() })
  }
  for (const element of await read('allowed')) {
    const [from, to] = pairElement.parse(element).concat
    const allowed = new Set([...(places.get(from)?.allowed ?? []), to])
    if (places.has(from)) places.set(from, { ...plain, allowed })
  }
  for (const element of await read('peers')) {
    const [from, to] = pairElement.parse(element).concat
    const before = places.get(from) ?? plain
    places.set(from, { ...before, peers: new Set([...before.peers, to]) })
  }
  return places
}

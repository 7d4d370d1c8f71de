import { Resolver } from 'node:dns/promises'
import type { AllowedName } from '../../protocol/api/index.js'
import { isPublic } from './ranges.js'

/** A name is asked for again when its answer ends, but neither more nor less often than this. */
const shortestMs = 30_000
const longestMs = 300_000
/** An address that a name does not stand for any more stays open so long: connections to it go on. */
const lingerMs = 600_000
/** Of a name that stands for ever more addresses only the latest stay open. */
const maxAddresses = 64

interface Name {
  readonly name: string
  /** When each address was last in an answer. */
  readonly seen: Map<string, number>
  current: readonly string[]
  problem: AllowedName['problem']
  /** In `performance.now()`; the answer may be given out until then. */
  freshUntil: number
  asking: Promise<void> | undefined
  timer: NodeJS.Timeout | undefined
  users: number
}

/** Host names that are in some allowlist, with what they stand for, kept fresh. */
export class DnsAllowlist {
  readonly #names = new Map<string, Name>()
  readonly #resolver = new Resolver({ timeout: 1000, tries: 3 })

  /**
   * @param server IPv4 address of the resolver; with none no name ever resolves
   * @param changed is told when a name stands for other addresses, and waited for before anybody is told them
   */
  constructor(
    private readonly server: string | undefined,
    private readonly changed: (name: string) => Promise<void>,
  ) {
    if (server !== undefined) this.#resolver.setServers([server])
  }

  /** Begins to keep a name fresh. Does not wait for its answer. */
  use(name: string): void {
    const known = this.#names.get(name)
    if (known !== undefined) {
      known.users++
      return
    }
    const fresh: Name = {
      ...{ name, seen: new Map<string, number>(), current: [], problem: 'not_resolved_yet', freshUntil: 0 },
      ...{ asking: undefined, timer: undefined, users: 1 },
    }
    this.#names.set(name, fresh)
    void this.#ask(fresh)
  }

  /** The last user of a name lets it be forgotten. */
  release(name: string): void {
    const known = this.#names.get(name)
    if (known === undefined || --known.users > 0) return
    clearTimeout(known.timer)
    this.#names.delete(name)
  }

  /** Every address that is open for a name. */
  open(name: string): string[] {
    return [...(this.#names.get(name)?.seen.keys() ?? [])]
  }

  describe(name: string): AllowedName {
    const known = this.#names.get(name)
    if (known === undefined) return { name, addresses: [], problem: 'not_resolved_yet' }
    return { name, addresses: [...known.current], problem: known.problem }
  }

  /** What a sandbox that asks is told: its addresses are open when this returns. */
  async resolve(
    name: string,
  ): Promise<{ addresses: readonly string[]; ttlSeconds: number; failed: boolean }> {
    const known = this.#names.get(name)
    if (known === undefined) return { addresses: [], ttlSeconds: 0, failed: true }
    if (performance.now() >= known.freshUntil) await this.#ask(known)
    const ttlSeconds = Math.max(0, Math.ceil((known.freshUntil - performance.now()) / 1000))
    const unknown = known.problem === 'does_not_resolve' && known.current.length === 0
    return { addresses: known.current, ttlSeconds, failed: unknown }
  }

  close(): void {
    for (const { timer } of this.#names.values()) clearTimeout(timer)
    this.#resolver.cancel()
  }

  #ask(known: Name): Promise<void> {
    known.asking ??= this.#look(known).finally(() => {
      known.asking = undefined
    })
    return known.asking
  }

  async #look(known: Name): Promise<void> {
    clearTimeout(known.timer)
    const answers =
      this.server === undefined
        ? undefined
        : await this.#resolver.resolve4(known.name, { ttl: true }).catch(() => undefined)
    const now = performance.now()
    let waitMs = shortestMs
    if (answers === undefined) {
      // What was open stays open for its time: a resolver that is away must not end connections.
      known.problem = 'does_not_resolve'
    } else {
      const shortest = Math.min(...answers.map(({ ttl }) => ttl)) * 1000
      waitMs = Math.min(longestMs, Math.max(shortestMs, shortest))
      known.current = answers.map(({ address }) => address).filter(isPublic)
      known.problem = known.current.length > 0 ? null : 'private_address'
      for (const address of known.current) {
        known.seen.delete(address)
        known.seen.set(address, now)
      }
    }
    for (const [address, at] of known.seen) {
      if (now - at > lingerMs || known.seen.size > maxAddresses) known.seen.delete(address)
    }
    await this.changed(known.name)
    known.freshUntil = performance.now() + (known.problem === 'does_not_resolve' ? 1000 : waitMs)
    if (this.#names.get(known.name) !== known) return
    known.timer = setTimeout(() => void this.#ask(known), waitMs)
    known.timer.unref()
  }
}

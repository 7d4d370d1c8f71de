import { createSocket, type Socket } from 'node:dgram'
import type { Logger } from 'pino'
import type { AllowedName, NetworkPolicy } from '../../protocol/api/index.js'
import type { Reaper } from '../linux/process.js'
import type { Slot } from '../linux/slot.js'
import { rcode, readQuestion, writeAnswer } from './dns.js'
import { DnsAllowlist } from './dns-allowlist.js'
import { Firewall } from './firewall.js'
import { type Group, Groups } from './groups.js'
import { plain } from './ruleset.js'
import { connect, disconnect, hasBeenSilent, raiseLoopback } from './veth.js'

/** The same at each start, or a question asked again would go to the port of before. */
const firstDnsPort = 53_530

/** One sandbox's end of the network. */
export interface Link {
  /** The interface on the host's side. */
  readonly name: string
  readonly address: string
}

/** What a sandbox may do there. */
export interface LinkPolicy {
  readonly policy: NetworkPolicy
  /** Mbit a second each way; undefined for the node's default. */
  readonly mbps: number | undefined
  /** Whom it may reach beside the world; undefined for nobody. */
  readonly group: Group | undefined
}

/** The names that are all that it may resolve; undefined when it may resolve every name. */
const namesOf = (policy: NetworkPolicy): readonly string[] | undefined =>
  policy === 'internet' ? undefined : policy === 'none' ? [] : policy.allow

interface Listed {
  readonly names: readonly string[]
  readonly mbps: number | undefined
  /** Open already when this runtime started: so until each of its names has been tried. */
  readonly inherited: readonly string[]
}

/**
 * The network of every sandbox: its link, what the firewall lets through it, and, for those with an allowlist,
 * the answers to their DNS questions. An address is open before the sandbox is told it, so a name never leads
 * to an address that is refused.
 */
export class Network {
  /** Names that each sandbox with an allowlist may resolve, by its address. */
  readonly #listed = new Map<string, Listed>()
  readonly #names: DnsAllowlist
  /** What sandboxes with an allowlist asked for that is not on it: the last name, and how often in all. By address. */
  readonly #denied = new Map<string, { readonly host: string; readonly count: number }>()
  /** Addresses of sandboxes that were started without a link. */
  readonly #unlinked = new Set<string>()
  /** Those that have links. */
  readonly #groups = new Groups()

  private constructor(
    private readonly firewall: Firewall,
    private readonly dns: Socket,
    resolver: string | undefined,
    private readonly log: Logger,
  ) {
    this.#names = new DnsAllowlist(resolver, (name) => this.#renew(name))
    dns.on('message', (message, from) => {
      this.#answer(message, from.address).then(
        (answer) => answer && dns.send(answer, from.port, from.address),
        (error: unknown) => log.error({ error }, 'a DNS question stays without an answer'),
      )
    })
  }

  /** @param resolver IPv4 address of the resolver that sandboxes use; with none there is no DNS for them */
  static async open(
    table: string,
    slot: Slot,
    resolver: string | undefined,
    reaper: Reaper,
    log: Logger,
  ): Promise<Network> {
    const dns = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      dns.once('error', reject)
      dns.bind(firstDnsPort + slot.number, resolve)
    })
    dns.on('error', (error) => log.error({ error }, 'the DNS socket'))
    dns.unref()
    const firewall = await Firewall.install(table, slot, resolver, dns.address().port, reaper)
    return new Network(firewall, dns, resolver, log)
  }

  /**
   * Makes the link of a sandbox whose network namespace is that of `pid`, with its policy in place first. Without a
   * network it has its loopback only, and with it the members of its group.
   */
  async connect(link: Link, wanted: LinkPolicy, pid: number): Promise<void> {
    if (wanted.policy === 'none' && wanted.group === undefined) {
      this.#unlinked.add(link.address)
      return raiseLoopback(pid)
    }
    this.#unlinked.delete(link.address)
    await this.apply(link, wanted)
    await connect(link.name, link.address, pid)
  }

  /** Brings the policy of a sandbox that has its link to what is wanted. Costs nothing where that is the default. */
  async apply(link: Link, { policy, mbps, group }: LinkPolicy): Promise<void> {
    const before = this.#listed.get(link.address)
    const names = namesOf(policy)
    if (names === undefined) this.#listed.delete(link.address)
    else {
      this.#listed.set(link.address, { names, mbps, inherited: [] })
      for (const name of names) this.#names.use(name)
    }
    for (const name of before?.names ?? []) this.#names.release(name)
    const others = this.#groups.set(link.address, group)
    const peers = this.#groups.peersOf(link.address)
    await this.firewall.set(link.address, { allowed: this.#open(link.address), mbps, peers })
    await this.#regroup(others)
  }

  /** Takes up a link that an earlier runtime made: what was open for it stays until its names are resolved. */
  async adopt(link: Link, { policy, mbps, group }: LinkPolicy): Promise<void> {
    this.#groups.set(link.address, group)
    // Its peers are those that an earlier runtime knew, until `keep` knows all who are left.
    const { allowed: before, peers } = this.firewall.policyOf(link.address)
    const names = namesOf(policy)
    const allowed = names === undefined ? undefined : (before ?? new Set<string>())
    if (names !== undefined) this.#listed.set(link.address, { names, mbps, inherited: [...(allowed ?? [])] })
    await this.firewall.set(link.address, { allowed, mbps, peers })
    for (const name of names ?? []) this.#names.use(name)
  }

  /** Forgets what an earlier runtime knew of sandboxes that are gone. */
  async keep(links: readonly Link[]): Promise<void> {
    await this.firewall.keep(new Set(links.map(({ address }) => address)))
    await this.#regroup(links.map(({ address }) => address))
  }

  /** Takes the link away, and everything that is known of it. */
  async disconnect(link: Link): Promise<void> {
    if (this.#unlinked.delete(link.address)) return
    // Before its address can be somebody else's. Asked again after that has failed, the groups know of it no more.
    const others = this.#groups.set(link.address, undefined)
    await this.#regroup([...new Set([...others, ...this.firewall.whoReaches(link.address)])])
    const silent = hasBeenSilent(link.name)
    await disconnect(link.name)
    for (const name of this.#listed.get(link.address)?.names ?? []) this.#names.release(name)
    this.#listed.delete(link.address)
    this.#denied.delete(link.address)
    await (silent ? this.firewall.set(link.address, plain) : this.firewall.forget(link.address))
  }

  /** The last name that a sandbox asked for and that is not on its allowlist, and how many there were since its link was made. */
  denied(link: Link): { readonly host: string; readonly count: number } | undefined {
    return this.#denied.get(link.address)
  }

  /** How the names of a sandbox's allowlist stand. */
  describe(link: Link): AllowedName[] {
    return (this.#listed.get(link.address)?.names ?? []).map((name) => this.#names.describe(name))
  }

  close(): void {
    this.#names.close()
    this.dns.close()
  }

  #open(address: string): Set<string> | undefined {
    const listed = this.#listed.get(address)
    if (listed === undefined) return undefined
    const settled = listed.names.every((name) => this.#names.describe(name).problem !== 'not_resolved_yet')
    const open = listed.names.flatMap((name) => this.#names.open(name))
    return new Set(settled ? open : [...listed.inherited, ...open])
  }

  async #renew(name: string): Promise<void> {
    const theirs = [...this.#listed].filter(([, { names }]) => names.includes(name))
    await Promise.all(
      theirs.map(([address, { mbps }]) =>
        this.firewall.set(address, { allowed: this.#open(address), mbps }).catch((error: unknown) => {
          this.log.error({ error, address, name }, 'an address cannot be opened')
        }),
      ),
    )
  }

  /** Lets these reach whom they may now, and nobody else. */
  async #regroup(addresses: readonly string[]): Promise<void> {
    await Promise.all(
      addresses.map((address) => this.firewall.set(address, { peers: this.#groups.peersOf(address) })),
    )
  }

  async #answer(message: Buffer, from: string): Promise<Buffer | undefined> {
    const question = readQuestion(message)
    if (question === undefined) return undefined
    if (this.#listed.get(from)?.names.includes(question.name) !== true) {
      // A name without a dot is one of its own, such as its host name.
      if (this.#listed.has(from) && question.name.includes('.')) {
        this.#denied.set(from, { host: question.name, count: (this.#denied.get(from)?.count ?? 0) + 1 })
      }
      return writeAnswer(question, rcode.refused)
    }
    const { addresses, ttlSeconds, failed } = await this.#names.resolve(question.name)
    if (failed) return writeAnswer(question, rcode.serverFailure)
    return writeAnswer(question, rcode.noError, question.address ? addresses : [], ttlSeconds)
  }
}

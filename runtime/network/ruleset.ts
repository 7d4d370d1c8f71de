import type { Slot } from '../linux/slot.js'
import { privateRanges } from './ranges.js'

/** Every sandbox's way out. Link-local, so it can never be an address that a tenant wants to reach. */
export const gateway = '169.254.1.1'

/** Connections of one sandbox that the host keeps track of: its table is one for all of them. */
const maxConnections = 512
/** Questions to the resolver, for each sandbox; its host answers everybody else's too. */
const queriesPerSecond = 50
/** TCP connections of one sandbox to the resolver, which has few places for them. They count as its own as well. */
const maxResolverConnections = 64
/** A resolver ends a connection that is silent for longer, RFC 7766; for one that does not, the host does. */
const resolverIdleSeconds = 20
/** Packets that one sandbox may send. A flood of small ones costs the host more than its bandwidth says. */
const packetsPerSecond = 20_000
/** New connections of one sandbox: to count those it has costs the more the more it has. */
const connectionsPerSecond = 300
/** Refusals that one sandbox is told of. The kernel has a thousand ICMP errors a second, for everybody. */
const refusalsPerSecond = 100
/** Mbit a second in each direction, for a sandbox whose limits name none. */
const defaultMbps = 200
/** A connection that is silent for longer is forgotten; the kernel's own default is five days. */
const idleSeconds = 7200

/** What the firewall knows of one sandbox whose policy is not plain `internet` at the default bandwidth. */
export interface SandboxPolicy {
  /** Only these destinations; undefined for all that are public. */
  readonly allowed: ReadonlySet<string> | undefined
  /** Undefined for the default. */
  readonly mbps: number | undefined
  /** Addresses of other sandboxes that it may reach. */
  readonly peers: ReadonlySet<string>
}

export const plain: SandboxPolicy = { allowed: undefined, mbps: undefined, peers: new Set() }

/** The whole table, replaced in one transaction. */
export function ruleset(table: string, slot: Slot, resolver: string | undefined, dnsPort: number): string {
  const sandboxes = `"${slot.interfacePrefix}*"`
  const meter = (name: string) =>
    `set ${name} { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }`
  const dns =
    resolver === undefined
      ? ''
      : `iifname ${sandboxes} ip daddr ${gateway} meta l4proto { tcp, udp } th dport 53 dnat ip to ${resolver}`
  return `
    table inet ${table} {}
    delete table inet ${table}
    table inet ${table} {
      set private { type ipv4_addr; flags interval; elements = { ${privateRanges.join(', ')} } }
      set listed { type ipv4_addr; }
      set allowed { type ipv4_addr . ipv4_addr; }
      set peers { type ipv4_addr . ipv4_addr; }
      map sending { type ipv4_addr : limit; }
      map receiving { type ipv4_addr : limit; }
      set shaped { type ipv4_addr; }
      set connections { type ipv4_addr; size 65535; flags dynamic; }
      set resolving { type ipv4_addr; size 65535; flags dynamic; }
      ${meter('packets')}
      ${meter('sent')}
      ${meter('received')}
      ${meter('queries')}
      ${meter('opening')}
      ${meter('refusals')}
      ct timeout patience {
        protocol tcp
        l3proto ip
        policy = { established: ${idleSeconds} }
      }
      ct timeout question {
        protocol udp
        l3proto ip
        policy = { unreplied: 5, replied: 5 }
      }
      ct timeout exchange {
        protocol tcp
        l3proto ip
        policy = { syn_sent: 10, syn_recv: 10, established: ${resolverIdleSeconds}, fin_wait: 10, close_wait: 10, last_ack: 10, time_wait: 10, close: 5, retrans: 10, unack: 10 }
      }
      chain guard {
        type filter hook prerouting priority raw;
        iifname != ${sandboxes} return
        meta nfproto != ipv4 drop
        update @packets { ip saddr limit rate over ${packetsPerSecond}/second burst 5000 packets } drop
        fib saddr . iif oif missing drop
        ip saddr @shaped limit name ip saddr map @sending drop
        ip saddr != @shaped update @sent { ip saddr limit ${rate(defaultMbps)} } drop
      }
      chain resolve {
        type nat hook prerouting priority dstnat;
        iifname ${sandboxes} ip saddr @listed ip daddr ${gateway} udp dport 53 redirect to :${dnsPort}
        ip saddr @listed return
        ${dns}
      }
      chain translate {
        type nat hook postrouting priority srcnat;
        ip saddr ${slot.subnet} oifname != ${sandboxes} masquerade
      }
      chain refuse {
        update @refusals { ip saddr limit rate over ${refusalsPerSecond}/second burst 200 packets } drop
        meta l4proto tcp reject with tcp reset
        reject with icmp admin-prohibited
      }
      chain answer {
        ip daddr @shaped limit name ip daddr map @receiving drop
        ip daddr != @shaped update @received { ip daddr limit ${rate(defaultMbps)} } drop
        ct state established,related accept
        drop
      }
      chain question {
        ip saddr @listed drop
        update @queries { ip saddr limit rate over ${queriesPerSecond}/second burst 200 packets } drop
        ct status & confirmed == 0 jump ask
        accept
      }
      chain ask {
        meta l4proto udp ct timeout set "question" return
        update @opening { ip saddr limit rate over ${connectionsPerSecond}/second burst 600 packets } drop
        add @resolving { ip saddr ct count over ${maxResolverConnections} } goto refuse
        add @connections { ip saddr ct count over ${maxConnections} } goto refuse
        ct timeout set "exchange"
      }
      chain open {
        update @opening { ip saddr limit rate over ${connectionsPerSecond}/second burst 600 packets } drop
        add @connections { ip saddr ct count over ${maxConnections} } goto refuse
        meta l4proto tcp ct timeout set "patience"
      }
      chain join {
        ip daddr @shaped limit name ip daddr map @receiving drop
        ip daddr != @shaped update @received { ip daddr limit ${rate(defaultMbps)} } drop
        ct status & confirmed == 0 jump open
        accept
      }
      chain leave {
        ct state invalid drop
        ct status dnat goto question
        oifname ${sandboxes} ip saddr . ip daddr @peers goto join
        ip daddr @private goto refuse
        ip saddr @listed ip saddr . ip daddr != @allowed goto refuse
        ct status & confirmed == 0 jump open
        tcp flags syn tcp option maxseg size set rt mtu
      }
      chain route {
        type filter hook forward priority filter;
        iifname ${sandboxes} goto leave
        oifname ${sandboxes} goto answer
      }
      chain host {
        type filter hook input priority filter;
        iifname != { "lo", ${sandboxes} } udp dport ${dnsPort} drop
        iifname != ${sandboxes} return
        ip saddr != @listed ct status dnat meta l4proto { tcp, udp } th dport 53 goto question
        ip saddr @listed ct status dnat udp dport ${dnsPort} update @queries { ip saddr limit rate over ${queriesPerSecond}/second burst 200 packets } drop
        ip saddr @listed ct status dnat udp dport ${dnsPort} ct status & confirmed == 0 ct timeout set "question"
        ip saddr @listed ct status dnat udp dport ${dnsPort} accept
        goto refuse
      }
      chain quiet {
        type filter hook output priority filter;
        oifname ${sandboxes} icmp code port-unreachable drop
      }
    }`
}

/** The kernel lets a second's worth through at once, and the burst on top. */
function rate(mbps: number): string {
  return `rate over ${Math.ceil((mbps * 1e6) / 8 / 1024)} kbytes/second burst 64 kbytes`
}

export const samePlace = (one: SandboxPolicy, other: SandboxPolicy) =>
  one.mbps === other.mbps &&
  one.allowed?.size === other.allowed?.size &&
  [...(one.allowed ?? [])].every((address) => other.allowed?.has(address)) &&
  one.peers.size === other.peers.size &&
  [...one.peers].every((address) => other.peers.has(address))

/** Takes the counts of a sandbox's connections away, whether there are any or not: adding what is there is no error. */
export const forgetConnections = (table: string, address: string): string[] =>
  Object.entries({ connections: maxConnections, resolving: maxResolverConnections }).flatMap(
    ([set, most]) => [
      `add element inet ${table} ${set} { ${address} ct count over ${most} }`,
      `delete element inet ${table} ${set} { ${address} }`,
    ],
  )

/** The commands that bring one sandbox's place from `before` to `after`, in an order that never opens more. */
export function changesOf(
  table: string,
  address: string,
  before: SandboxPolicy,
  after: SandboxPolicy,
): string[] {
  const element = (verb: 'add' | 'delete', set: string, what: string) =>
    `${verb} element inet ${table} ${set} { ${what} }`
  const lines: string[] = []
  const pair = (destination: string) => `${address} . ${destination}`
  if (after.allowed !== undefined && before.allowed === undefined) {
    lines.push(element('add', 'listed', address))
  }
  for (const destination of after.allowed ?? []) {
    if (!before.allowed?.has(destination)) lines.push(element('add', 'allowed', pair(destination)))
  }
  for (const destination of before.allowed ?? []) {
    if (!after.allowed?.has(destination)) lines.push(element('delete', 'allowed', pair(destination)))
  }
  if (after.allowed === undefined && before.allowed !== undefined) {
    lines.push(element('delete', 'listed', address))
  }
  for (const peer of before.peers) {
    if (!after.peers.has(peer)) lines.push(element('delete', 'peers', pair(peer)))
  }
  for (const peer of after.peers) {
    if (!before.peers.has(peer)) lines.push(element('add', 'peers', pair(peer)))
  }
  if (before.mbps === after.mbps) return lines
  const [sending, receiving] = [`s${address}`, `r${address}`]
  if (before.mbps !== undefined) {
    lines.push(element('delete', 'shaped', address))
    lines.push(element('delete', 'sending', `${address} : "${sending}"`))
    lines.push(element('delete', 'receiving', `${address} : "${receiving}"`))
    for (const name of [sending, receiving]) lines.push(`delete limit inet ${table} ${name}`)
  }
  if (after.mbps !== undefined) {
    for (const name of [sending, receiving]) {
      lines.push(`add limit inet ${table} ${name} { ${rate(after.mbps)} ; }`)
    }
    lines.push(element('add', 'sending', `${address} : "${sending}"`))
    lines.push(element('add', 'receiving', `${address} : "${receiving}"`))
    lines.push(element('add', 'shaped', address))
  }
  return lines
}

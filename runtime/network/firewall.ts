import { readFileSync, writeFileSync } from 'node:fs'
import type { Slot } from '../linux/slot.js'
import { run } from '../linux/spawn.js'

/** Every sandbox's way out. Link-local, so it can never be an address that a tenant wants to reach. */
export const gateway = '169.254.1.1'

/** Not on the internet. The TEST-NETs are left alone: resolvers and mirrors of closed networks sit there. */
const privateRanges = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/**
 * One nftables table holds the whole policy of an instance. It matches interfaces by their prefix, so a
 * sandbox costs no rule and no element of its own.
 *
 * - A packet whose source is not the address routed to its interface is dropped (no spoofing).
 * - Nothing reaches the host itself; DNS to the gateway is handed to the host's resolver.
 * - Nothing reaches a sandbox that it did not ask for: no neighbour, no world.
 * - Private, link-local and metadata ranges are refused at once; IPv6 is not routed.
 */
export async function raiseFirewall(table: string, slot: Slot, resolver: string | undefined): Promise<void> {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  const sandboxes = `"${slot.interfacePrefix}*"`
  const dns =
    resolver === undefined
      ? ''
      : `iifname ${sandboxes} ip daddr ${gateway} udp dport 53 dnat ip to ${resolver}
         iifname ${sandboxes} ip daddr ${gateway} tcp dport 53 dnat ip to ${resolver}`
  const ruleset = `
    table inet ${table} {}
    delete table inet ${table}
    table inet ${table} {
      set private { type ipv4_addr; flags interval; elements = { ${privateRanges.join(', ')} } }
      chain guard {
        type filter hook prerouting priority raw;
        iifname ${sandboxes} meta nfproto ipv6 drop
        iifname ${sandboxes} fib saddr . iif oif missing drop
      }
      chain resolve {
        type nat hook prerouting priority dstnat;
        ${dns}
      }
      chain translate {
        type nat hook postrouting priority srcnat;
        ip saddr ${slot.subnet} oifname != ${sandboxes} masquerade
      }
      chain route {
        type filter hook forward priority filter;
        oifname ${sandboxes} ct state established,related accept
        oifname ${sandboxes} drop
        iifname != ${sandboxes} return
        tcp flags syn tcp option maxseg size set rt mtu
        ct status dnat accept
        ip daddr @private reject with icmp admin-prohibited
      }
      chain host {
        type filter hook input priority filter;
        iifname ${sandboxes} drop
      }
    }`
  await run('nft', ['-f', '-'], { input: ruleset })
}

/** Removes the table; for an instance that ends. */
export async function lowerFirewall(table: string): Promise<void> {
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

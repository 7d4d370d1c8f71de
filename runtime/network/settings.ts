import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setns } from '../linux/libc.js'
import { privateProc } from '../linux/private-proc.js'

const newNet = 0x40000000

/** A host may have been booted without it (ipv6.disable=1). */
export const hasIpv6 = existsSync('/proc/sys/net/ipv6')

/**
 * What holds in a sandbox's network: everybody may ping and serve any port. IPv6 is there on loopback only, for
 * `localhost` means ::1 as well; the link, which is made later, has none.
 */
const settingsFor = (gidBase: number): Readonly<Record<string, string>> => ({
  // Groups as whoever writes it sees them: the host.
  'ipv4/ping_group_range': `${gidBase} ${gidBase + 65_535}`,
  'ipv4/ip_unprivileged_port_start': '0',
  ...(hasIpv6 ? { 'ipv6/conf/default/disable_ipv6': '1', 'ipv6/conf/lo/disable_ipv6': '0' } : {}),
})

/**
 * Writes the settings into the network namespace of a process that has run nothing of a tenant yet. crun would write
 * them through the host's /proc: see `privateProc`.
 *
 * @param gidBase the host's number of group 0 inside
 */
export function settleNetwork(pid: number, gidBase: number): void {
  const root = join(`/proc/self/fd/${privateProc()}`, 'sys/net')
  const own = openSync('/proc/thread-self/ns/net', 'r')
  const theirs = openSync(`/proc/${pid}/ns/net`, 'r')
  try {
    setns(theirs, newNet)
    for (const [name, value] of Object.entries(settingsFor(gidBase))) writeFileSync(join(root, name), value)
  } finally {
    setns(own, newNet)
    closeSync(own)
    closeSync(theirs)
  }
}

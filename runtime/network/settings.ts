import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setns } from '../linux/libc.js'
import { privateProc } from '../linux/private-proc.js'

const newNet = 0x40000000

/** What holds in a sandbox's network: everybody may ping and serve any port, and there is no IPv6. */
const settings: Readonly<Record<string, string>> = {
  'ipv4/ping_group_range': '0 65535',
  'ipv4/ip_unprivileged_port_start': '0',
  // A host may have been booted without it (ipv6.disable=1).
  ...(existsSync('/proc/sys/net/ipv6') ? { 'ipv6/conf/all/disable_ipv6': '1' } : {}),
}

/**
 * Writes the settings into the network namespace of a process that has run nothing of a tenant yet. crun would write
 * them through the host's /proc: see `privateProc`.
 */
export function settleNetwork(pid: number): void {
  const root = join(`/proc/self/fd/${privateProc()}`, 'sys/net')
  const own = openSync('/proc/thread-self/ns/net', 'r')
  const theirs = openSync(`/proc/${pid}/ns/net`, 'r')
  try {
    setns(theirs, newNet)
    for (const [name, value] of Object.entries(settings)) writeFileSync(join(root, name), value)
  } finally {
    setns(own, newNet)
    closeSync(own)
    closeSync(theirs)
  }
}

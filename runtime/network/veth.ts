import { readFileSync } from 'node:fs'
import { run } from '../linux/spawn.js'
import { gateway } from './firewall.js'

/**
 * Gives the network namespace of `pid` its way out: a veth pair, a /32 address, and the link-local gateway as
 * next hop. Routed, not bridged: no tenant shares a link with another.
 */
export async function connect(name: string, address: string, pid: number): Promise<void> {
  await run('ip', ['-batch', '-'], {
    input: [
      `link add ${name} type veth peer name eth0 netns ${pid}`,
      `addr add ${gateway}/32 dev ${name}`,
      `link set ${name} up`,
      `route add ${address}/32 dev ${name}`,
      '',
    ].join('\n'),
  })
  await run('nsenter', ['--target', String(pid), '--net', 'ip', '-batch', '-'], {
    input: [
      `addr add ${address}/32 dev eth0`,
      'link set lo up',
      'link set eth0 up',
      `route add ${gateway} dev eth0`,
      `route add default via ${gateway}`,
      '',
    ].join('\n'),
  })
}

/** Takes the way out away again. */
export async function disconnect(name: string): Promise<void> {
  if (interfaceNames('').includes(name)) await run('ip', ['link', 'delete', name])
}

/** Bytes through one interface, as the sandbox sees the directions. */
export interface Traffic {
  readonly rxBytes: number
  readonly txBytes: number
}

/** Traffic of every interface of this network namespace that begins with `prefix`, in one read. */
export function readTraffic(prefix: string): Map<string, Traffic> {
  const rows = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2)
  const traffic = new Map<string, Traffic>()
  for (const row of rows) {
    const [name = '', counters = ''] = row.trim().split(/:\s*/)
    if (!name.startsWith(prefix) || counters === '') continue
    const columns = counters.split(/\s+/).map(Number)
    // What the host's end receives, the sandbox has sent.
    traffic.set(name, { rxBytes: columns[8] ?? 0, txBytes: columns[0] ?? 0 })
  }
  return traffic
}

export function interfaceNames(prefix: string): string[] {
  return [...readTraffic(prefix).keys()]
}

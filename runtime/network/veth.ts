import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  addAddress,
  addPair,
  addRoute,
  change,
  deleteLink,
  NetlinkError,
  receivedPackets,
  setUp,
} from './netlink.js'
import { gateway } from './ruleset.js'
import { hasIpv6 } from './settings.js'

/** Indices of our interfaces are named, not found out: far above those that the kernel gives by itself. */
const firstIndex = 1_000_000
const loopback = 1

/**
 * Gives the network namespace of `pid` its way out: a veth pair, a /32 address, and the link-local gateway as
 * next hop. Routed, not bridged: no tenant shares a link with another. A link of the same name that an earlier
 * sandbox left is replaced; the kernel takes those of dead namespaces away by itself, some time after.
 */
export async function connect(name: string, address: string, pid: number): Promise<void> {
  const index = firstIndex + ipv4Number(address)
  for (let tries = 0; !(await addOnce(name, index, pid)); tries++) {
    if (tries > 200) throw new Error(`${name} of an earlier sandbox does not go away`)
    await disconnect(name)
    await sleep(5)
  }
  withoutIpv6(name)
  await change([setUp(index), addAddress(index, gateway), addRoute(index, address)])
  await change(
    [
      setUp(loopback),
      setUp(index),
      addAddress(index, address),
      addRoute(index, gateway),
      addRoute(index, 'default', gateway),
    ],
    pid,
  )
}

/** Switches the loopback of the network namespace of `pid` on. Some OCI runtimes do so, gVisor does not. */
export const raiseLoopback = (pid: number): Promise<void> => change([setUp(loopback)], pid)

/**
 * Links of sandboxes have no IPv6, and the kernel looks through all routes of IPv6 whenever a link goes: with those that every
 * link would have, that costs the more the more sandboxes there are.
 */
function withoutIpv6(name: string): void {
  if (hasIpv6) writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1')
}

/** @returns false when the name, or for a moment longer its index, is still taken */
async function addOnce(name: string, index: number, pid: number): Promise<boolean> {
  try {
    await change([addPair(name, index, 'eth0', pid)])
    return true
  } catch (error) {
    if (error instanceof NetlinkError && ['EEXIST', 'EBUSY'].includes(error.code)) return false
    throw error
  }
}

/** Takes the way out away again. One that went with its namespace is no error. */
export async function disconnect(name: string): Promise<void> {
  try {
    await change([deleteLink(name)])
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code !== 'ENODEV') throw error
  }
}

/**
 * Whether a sandbox that is dead has never sent a packet: then nobody has heard of it, and there is no connection to
 * forget. When its link is gone already nobody knows.
 */
export const hasBeenSilent = (name: string): boolean => receivedPackets(name) === 0n

/** The two last parts of an address, which tell all of a host's sandboxes apart together with the second. */
const ipv4Number = (address: string) => {
  const [, second = 0, third = 0, fourth = 0] = address.split('.').map(Number)
  return (second * 256 + third) * 256 + fourth
}

/** Bytes through one interface, as the sandbox sees the directions. */
export interface Traffic {
  readonly rxBytes: number
  readonly txBytes: number
}

/** Traffic of every interface of this network namespace that begins with `prefix`, in one read. */
export function readTraffic(prefix: string, read = readText): Map<string, Traffic> {
  const rows = read('/proc/self/net/dev').split('\n').slice(2)
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

const readText = (file: string) => readFileSync(file, 'utf8')

export function interfaceNames(prefix: string): string[] {
  return [...readTraffic(prefix).keys()]
}

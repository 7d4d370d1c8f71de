import { BlockList, isIPv6 } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { privateRanges } from '../../protocol/node/index.js'

/**
 * Everything that is not the public internet, in the way of IANA's registries of special addresses: who calls
 * there reaches this host, its network, or a cloud's metadata. The TEST-NETs are nobody's and left alone.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry
 */
const special = new BlockList()
for (const range of privateRanges) {
  const [network = '', bits] = range.split('/')
  special.addSubnet(network, Number(bits), 'ipv4')
}
// Of IPv6 only 2000::/3 is public; some of it carries an IPv4 address along.
for (const [network, bits] of [
  ['2001::', 23],
  ['2002::', 16],
] as const) {
  special.addSubnet(network, bits, 'ipv6')
}
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** Networks that the operator allows all the same. */
export function allowed(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  return list
}

/**
 * Whether an address may be called from here.
 * @param own made once by who asks for many addresses
 */
export function mayCall(address: string, allowList: BlockList, own = ownNetworks()): boolean {
  const bare = address.replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined) return mayCall(mapped, allowList, own)
  const family = isIPv6(bare) ? 'ipv6' : 'ipv4'
  if (allowList.check(bare, family)) return true
  if (own.check(bare, family)) return false
  return !special.check(bare, family) && (family === 'ipv4' || global.check(bare, 'ipv6'))
}

/** A public address of this host, or of its neighbours, leads to services past every firewall. */
export function ownNetworks(
  interfaces: Readonly<Record<string, NetworkInterfaceInfo[] | undefined>> = networkInterfaces(),
): BlockList {
  const own = new BlockList()
  for (const one of Object.values(interfaces).flat()) {
    if (one === undefined) continue
    const family = one.family === 'IPv6' ? 'ipv6' : 'ipv4'
    own.addAddress(one.address, family)
    const bits = Number(one.cidr?.split('/')[1] ?? Number.NaN)
    if (bits > 0) own.addSubnet(one.address, bits, family)
  }
  return own
}

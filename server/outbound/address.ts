import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
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

/** Whether an address may be called from here. */
export function mayCall(address: string, allowList: BlockList): boolean {
  const bare = address.replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined) return mayCall(mapped, allowList)
  const family = isIPv6(bare) ? 'ipv6' : 'ipv4'
  if (allowList.check(bare, family)) return true
  if (isOwn(bare, family)) return false
  return !special.check(bare, family) && (family === 'ipv4' || global.check(bare, 'ipv6'))
}

/** A public address of this host leads to its own services, past every firewall. */
function isOwn(address: string, family: 'ipv4' | 'ipv6'): boolean {
  const own = new BlockList()
  for (const one of Object.values(networkInterfaces()).flat()) {
    if (one !== undefined) own.addAddress(one.address, one.family === 'IPv6' ? 'ipv6' : 'ipv4')
  }
  return own.check(address, family)
}

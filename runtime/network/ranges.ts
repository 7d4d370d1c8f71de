import { BlockList, isIPv4 } from 'node:net'
import { privateRanges } from '../../protocol/node/index.js'

export { privateRanges }

const blocked = new BlockList()
for (const range of privateRanges) {
  const [network = '', bits] = range.split('/')
  blocked.addSubnet(network, Number(bits))
}

/** Whether a sandbox may be let out to this IPv4 address. */
export const isPublic = (address: string): boolean => isIPv4(address) && !blocked.check(address)

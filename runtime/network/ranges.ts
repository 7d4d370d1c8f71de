import { BlockList, isIPv4 } from 'node:net'

/** Not on the internet. The TEST-NETs are left alone: resolvers and mirrors of closed networks sit there. */
export const privateRanges = [
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

const blocked = new BlockList()
for (const range of privateRanges) {
  const [network = '', bits] = range.split('/')
  blocked.addSubnet(network, Number(bits))
}

/** Whether a sandbox may be let out to this IPv4 address. */
export const isPublic = (address: string): boolean => isIPv4(address) && !blocked.check(address)

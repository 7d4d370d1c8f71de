import { createSocket } from 'node:dgram'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { Firewall } from './firewall.js'
import { Network } from './network.js'

describe('a member of a stack whose link is taken away', () => {
  it('is reached by nobody any more, also when that fails at first', async () => {
    let failing = false
    const call = async () => {
      if (failing) throw new Error('nft is away')
    }
    // Without the table in the kernel, which `open` would make.
    const firewall: Firewall = Reflect.construct(Firewall, ['none', { call }])
    const dns = createSocket('udp4')
    const network: Network = Reflect.construct(Network, [firewall, dns, undefined, pino({ level: 'silent' })])
    const link = (end: number) => ({ name: `none${end}`, address: `10.255.255.${end}` })
    const group = { id: 'sk', networks: ['default'] }
    for (const end of [1, 2, 3]) {
      await network.apply(link(end), { policy: 'internet', mbps: undefined, group })
    }
    const peersOf = (end: number) => [...firewall.policyOf(link(end).address).peers]
    expect(peersOf(1)).toEqual([link(2).address, link(3).address])
    failing = true
    await expect(network.disconnect(link(3))).rejects.toThrow('nft is away')
    failing = false
    await network.disconnect(link(3))
    expect(peersOf(1)).toEqual([link(2).address])
    expect(peersOf(2)).toEqual([link(1).address])
    expect(peersOf(3)).toEqual([])
    network.close()
  })
})

import { describe, expect, it } from 'vitest'
import { allowed, mayCall, ownNetworks } from './address.js'

describe('an address that somebody wants called', () => {
  const none = allowed([])

  it.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...[
      '169.254.169.254',
      '168.63.129.16',
      '100.64.0.1',
      '192.0.0.8',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1', '::ffff:127.0.0.1'],
    ...['::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::', '2001::1'],
  ])('is refused when it is not public: %s', (address) => {
    expect(mayCall(address, none)).toBe(false)
  })

  it.each(['1.1.1.1', '198.51.100.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])(
    'is called when it is: %s',
    (address) => {
      expect(mayCall(address, none)).toBe(true)
    },
  )

  it('is refused when it is in a network of this host, and is called beside it', () => {
    const more = { netmask: '', mac: '', internal: false }
    const own = ownNetworks({
      eth0: [
        { ...more, family: 'IPv4', address: '198.51.100.17', cidr: '198.51.100.17/28' },
        { ...more, family: 'IPv6', address: '2606:4700::5', cidr: '2606:4700::5/64', scopeid: 0 },
      ],
      tun0: [{ ...more, family: 'IPv4', address: '198.51.100.99', cidr: null }],
    })
    const ours = ['198.51.100.17', '198.51.100.30', '::ffff:198.51.100.30', '2606:4700::9', '198.51.100.99']
    expect(ours.map((one) => mayCall(one, none, own))).toEqual(ours.map(() => false))
    const others = ['198.51.100.32', '198.51.100.98', '2606:4700:0:1::9']
    expect(others.map((one) => mayCall(one, none, own))).toEqual(others.map(() => true))
    expect(mayCall('198.51.100.30', allowed(['198.51.100.30']), own)).toBe(true)
  })

  it('is called when the operator allows its network', () => {
    const list = allowed(['10.1.0.0/16', 'fd00::/8', '127.0.0.1'])
    expect([mayCall('10.1.2.3', list), mayCall('fd00::5', list), mayCall('127.0.0.1', list)]).toEqual([
      true,
      true,
      true,
    ])
    expect([mayCall('10.2.0.1', list), mayCall('127.0.0.2', list)]).toEqual([false, false])
  })
})

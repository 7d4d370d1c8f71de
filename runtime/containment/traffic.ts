import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { run } from '../linux/spawn.js'
import { privateAddresses, uplink } from '../testing/world.js'
import { type Arena, attackSeconds, type Case } from './arena.js'

const flood = (name: string, what: string, judge: (arena: Arena, stdout: string) => string): Case => ({
  name,
  async run(arena) {
    const sandbox = await arena.attacker()
    arena.world.outside.clear()
    const reach = `python3 -c 'import socket; print(socket.create_connection(("mirror.example.org", 80), 5).recv(99).decode())'`
    const [ran, other] = await Promise.all([
      arena.attack(sandbox, 'flood.py', [what, String(attackSeconds)]),
      arena.cloche.exec(arena.witness.id, reach),
    ])
    // Somebody else's names and connections go on.
    expect(other.stdout).toBe('here 198.51.100.1\n\n')
    return judge(arena, ran.stdout)
  },
})

const sent = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split(' ')[0]), 0)
const arrived = (arena: Arena, kind: string) =>
  arena.world.outside.log
    .filter((line) => line.startsWith(kind))
    .reduce((sum, line) => sum + Number(/ x(\d+)$/.exec(line)?.[1] ?? 1), 0)

/** Prints how each of the addresses answers, on TCP. */
const knock = (addresses: readonly string[], port: number) => `python3 -c '
import socket
for address in ${JSON.stringify(addresses)}:
  try: socket.create_connection((address, ${port}), 3); print(address, "open")
  except OSError as error: print(address, type(error).__name__)'`

export const traffic: readonly Case[] = [
  flood('small packets', 'packets', (arena, stdout) => {
    // 20,000 a second pass, and the first 5,000 at once.
    expect(arrived(arena, 'udp')).toBeLessThanOrEqual((attackSeconds + 2) * 20_000 + 5000)
    return `${sent(stdout)} sent, ${arrived(arena, 'udp')} arrived`
  }),
  flood('large packets', 'bulk', (arena, stdout) => {
    const mbit = (arrived(arena, 'udp') * 1428 * 8) / attackSeconds / 1e6
    expect(mbit).toBeLessThanOrEqual(400)
    return `${sent(stdout)} sent, ${Math.round(mbit)} Mbit a second passed`
  }),
  flood('a flow for each packet', 'flows', (_, stdout) => `${sent(stdout)} tried, 512 tracked at a time`),
  flood(
    'connections without end',
    'connections',
    (_, stdout) => `${sent(stdout)} tried, 512 tracked at a time`,
  ),
  flood('DNS queries', 'queries', (arena, stdout) => {
    expect(arrived(arena, 'dns')).toBeLessThanOrEqual(200 + (attackSeconds + 2) * 50 + 20)
    return `${sent(stdout)} asked, ${arrived(arena, 'dns')} let through`
  }),
  flood('connections to the resolver that ask nothing', 'questions_by_tcp', (_, stdout) => {
    expect(sent(stdout)).toBeLessThanOrEqual(64)
    return `${sent(stdout)} at a time, questions of others are answered`
  }),
  flood('packets in pieces, which the host puts together', 'fragments', (arena, stdout) => {
    const mbit = (arrived(arena, 'udp') * 60_000 * 8) / attackSeconds / 1e6
    expect(mbit).toBeLessThanOrEqual(400)
    return `${sent(stdout)} sent, ${Math.round(mbit)} Mbit a second passed`
  }),
  flood('to everybody on the link, and to groups', 'everybody', (arena, stdout) => {
    expect(arrived(arena, 'udp')).toBe(0)
    return `${sent(stdout)} sent, none arrived`
  }),
  flood(
    'pings that are each a flow',
    'echoes',
    (_, stdout) => `${sent(stdout)} tried, 512 tracked at a time`,
  ),
  flood('what is refused, without end', 'refused', (arena, stdout) => {
    expect(arrived(arena, 'udp')).toBe(0)
    return `${sent(stdout)} sent, none arrived`
  }),
  {
    name: 'the host’s services, the neighbour, private and metadata addresses',
    async run(arena) {
      const sandbox = await arena.attacker()
      for (const host of [arena.world.inside, arena.world.outside]) host.clear()
      const theirs = (await arena.cloche.exec(arena.neighbour.id, 'hostname -I')).stdout.trim()
      const ban = [
        ...privateAddresses,
        theirs,
        '169.254.1.1',
        uplink,
        '0.0.0.0',
        '127.0.0.53',
        'home.example.org',
      ]
      for (const port of [22, 80, 8080]) {
        const { stdout } = await arena.cloche.exec(sandbox.id, knock(ban, port), { user: 'root' })
        expect(stdout.trim().split('\n')).toEqual(ban.map((address) => `${address} ConnectionRefusedError`))
      }
      expect(arena.world.inside.log).toEqual([])
      expect(arrived(arena, 'tcp')).toBe(0)
      return 'refused at once, nothing arrived'
    },
  },
  {
    name: 'ARP, IP and MAC spoofing, raw and IPv6 packets, foreign socket families',
    async run(arena) {
      const sandbox = await arena.attacker()
      arena.world.outside.clear()
      const theirs = (await arena.cloche.exec(arena.neighbour.id, 'hostname -I')).stdout.trim()
      // Not even one who could give himself their addresses gets a packet out: here the host gives them.
      const inside = `/proc/${arena.cloche.recordOf(sandbox.id).init?.pid}/ns/net`
      for (const address of [theirs, uplink, '203.0.113.7']) {
        await run('nsenter', [`--net=${inside}`, 'ip', 'address', 'add', `${address}/32`, 'dev', 'eth0'])
      }
      const { stdout } = await arena.attack(sandbox, 'spoof.py', [theirs])
      expect(stdout.trim().split('\n')).toEqual([
        ...['as the neighbour done', 'as the host done', 'as the gateway ENETUNREACH', 'as the world done'],
        ...['raw EPERM', 'frame EAFNOSUPPORT', expect.stringMatching(/^ipv6 E/), 'address EPERM'],
        ...[
          'netfilter EPROTONOSUPPORT',
          'vsock EAFNOSUPPORT',
          'bluetooth EAFNOSUPPORT',
          'crypto EAFNOSUPPORT',
        ],
      ])
      // Its own packets pass, so those that did not come were dropped for their source.
      await arena.cloche.exec(
        sandbox.id,
        `python3 -c 'import socket; socket.socket(2, 2).sendto(b"own", ("198.51.100.1", 9))'`,
      )
      for (let tries = 0; !arena.world.outside.log.includes(`udp ${uplink} 9 3`); tries++) {
        if (tries > 500) throw new Error('its own packet does not arrive either')
        await sleep(10)
      }
      expect(arena.world.outside.log.filter((line) => line.includes(' 777'))).toEqual([])
      return 'dropped at the link, or the socket refused'
    },
  },
]

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { run } from '../linux/spawn.js'
import { type Instance, startInstance, testLimits } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { openWorld, privateAddresses, uplink, type World } from '../testing/world.js'

/** Prints `here …`, or why it could not be reached and after how many seconds. */
const reach = (address: string, port = 80) => `python3 -c '
import socket, time
began = time.time()
try: print(socket.create_connection(("${address}", ${port}), 3).recv(99).decode().strip())
except OSError as e: print(type(e).__name__, "at once" if time.time() - began < 1 else "late")'`

describe('the network of a sandbox', () => {
  let world: World
  let cloche: Instance
  let sandbox: RuntimeSandbox
  const inside = async (command: string, of = sandbox) => (await cloche.exec(of.id, command)).stdout.trim()
  const change = (body: object, of = sandbox) => cloche.call('PATCH', `/sandboxes/${of.id}`, body)
  const read = async (of = sandbox) =>
    runtimeSandbox.parse(JSON.parse((await cloche.call('GET', `/sandboxes/${of.id}`)).text))
  const connected = async () => {
    while (!world.outside.log.includes(`tcp ${uplink} 443`)) await sleep(20)
  }
  const table = () =>
    run('ip', ['netns', 'exec', testInstance, 'nft', '-n', 'list', 'table', 'inet', testInstance])

  beforeAll(async () => {
    world = await openWorld(testInstance, {
      'mirror.example.org': ['198.51.100.1'],
      'other.example.org': ['198.51.100.2'],
      'rebound.example.org': ['10.1.2.3', '169.254.169.254'],
      'both.example.org': ['192.168.1.1', '203.0.113.7'],
    })
    cloche = await startInstance(testInstance, { env: { CLOCHE_RESOLVERS: world.resolver } })
    sandbox = await cloche.claim()
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  it('internet: reaches public addresses, with names, and from an address that is not its own', async () => {
    world.outside.clear()
    expect(await inside(reach('mirror.example.org'))).toBe('here 198.51.100.1')
    expect(await inside(reach('203.0.113.7'))).toBe('here 203.0.113.7')
    expect(world.outside.log).toContain(`tcp ${uplink} 80`)
  })

  it('internet: private, link-local and metadata addresses are refused at once, by name as well', async () => {
    world.outside.clear()
    for (const address of [...privateAddresses, 'rebound.example.org', '127.0.0.53']) {
      expect(await inside(reach(address))).toBe('ConnectionRefusedError at once')
    }
    expect(world.outside.log.filter((line) => line.startsWith('tcp'))).toEqual([])
  })

  it('internet: neither the host nor a neighbour can be reached, by any of their addresses', async () => {
    world.inside.clear()
    const neighbour = await cloche.claim()
    const theirs = await inside('hostname -I', neighbour)
    await inside('python3 -m http.server 8080 > /dev/null 2>&1 &', neighbour)
    for (const address of [theirs, '169.254.1.1', uplink]) {
      expect(await inside(reach(address, 8080))).toBe('ConnectionRefusedError at once')
      expect(await inside(reach(address, 22))).toBe('ConnectionRefusedError at once')
    }
    expect(world.inside.log).toEqual([])
    await cloche.call('DELETE', `/sandboxes/${neighbour.id}`)
  })

  it('allowlist: reaches what its names stand for, and nothing else', async () => {
    expect((await change({ network: { allow: ['mirror.example.org', 'both.example.org'] } })).status).toBe(
      200,
    )
    expect(await inside(reach('mirror.example.org'))).toBe('here 198.51.100.1')
    // Of a name with public and private addresses only the public ones are told.
    expect(await inside(reach('both.example.org'))).toBe('here 203.0.113.7')
    expect(await inside(reach('198.51.100.2'))).toBe('ConnectionRefusedError at once')
    expect(await inside(reach('192.168.1.1'))).toBe('ConnectionRefusedError at once')
    world.outside.clear()
    expect(await inside(reach('other.example.org'))).toBe('gaierror at once')
    expect(await inside(reach('secret-in-a-name.example.com'))).toBe('gaierror at once')
    // Questions it may not ask do not leave the host: no tunnel through names.
    expect(world.outside.log).toEqual([])
    expect(await inside(reach('192.0.2.2', 53))).toBe('ConnectionRefusedError at once')
  })

  it('allowlist: says how each name stands; one that leads nowhere or home opens nothing', async () => {
    const allow = ['mirror.example.org', 'nowhere.example.org', 'rebound.example.org']
    await change({ network: { allow } })
    expect(await inside(reach('nowhere.example.org'))).toBe('gaierror at once')
    expect(await inside(reach('rebound.example.org'))).toBe('gaierror at once')
    expect((await read()).allowedNames).toEqual([
      { name: 'mirror.example.org', addresses: ['198.51.100.1'], problem: null },
      { name: 'nowhere.example.org', addresses: [], problem: 'does_not_resolve' },
      { name: 'rebound.example.org', addresses: [], problem: 'private_address' },
    ])
  })

  it('allowlist: survives the runtime, connections and all', async () => {
    await change({ network: { allow: ['mirror.example.org', 'other.example.org'] } })
    expect(await inside(reach('mirror.example.org', 80))).toBe('here 198.51.100.1')
    world.outside.clear()
    await inside(`python3 -c '
import socket, time
s = socket.create_connection(("mirror.example.org", 443)); n = 0
for i in range(40):
  n += len(s.recv(1 << 16)) or exit("cut"); time.sleep(0.1)
print("whole")' > /tmp/held 2>&1 &`)
    await connected()
    await cloche.restart()
    expect(await inside(reach('198.51.100.1'))).toBe('here 198.51.100.1')
    expect(await inside(reach('203.0.113.7'))).toBe('ConnectionRefusedError at once')
    expect(await inside(reach('other.example.org'))).toBe('here 198.51.100.2')
    await inside('while ! [ -s /tmp/held ]; do sleep 0.1; done')
    expect(await inside('cat /tmp/held')).toBe('whole')
  })

  it('changes while it runs, both ways, and cuts what is not allowed any more', async () => {
    await change({ network: 'internet' })
    world.outside.clear()
    const reading = cloche.exec(
      sandbox.id,
      `python3 -c '
import socket
s = socket.create_connection(("198.51.100.2", 443)); print("reading", flush=True)
try:
  while s.recv(1 << 16): pass
except ConnectionError: print("cut")'`,
      { timeoutMs: 20_000 },
    )
    await connected()
    await change({ network: { allow: ['mirror.example.org'] } })
    expect((await reading).stdout).toContain('cut')
    await change({ network: 'none' })
    expect(await inside('ls /sys/class/net')).toBe('lo')
    expect((await read()).usage?.networkRxBytes).toBeGreaterThan(0)
    await change({ network: 'internet' })
    expect(await inside(reach('other.example.org'))).toBe('here 198.51.100.2')
  })

  it('holds its bandwidth both ways', async () => {
    await change({ limits: { ...testLimits, networkMbps: 16 } })
    const seconds = await inside(`python3 -c '
import socket, time
began = time.time(); s = socket.create_connection(("198.51.100.2", 443)); n = 0
while n < 8 << 20: n += len(s.recv(1 << 16))
print(time.time() - began); s.close()
began = time.time(); s = socket.create_connection(("198.51.100.2", 9))
s.sendall(bytes(8 << 20)); s.shutdown(socket.SHUT_WR); s.recv(9); print(time.time() - began)'`)
    // 8 MiB at 16 Mbit a second take 4.2 s, less the second's worth that is let through at once.
    for (const took of seconds.split('\n').map(Number)) {
      expect(took).toBeGreaterThan(2.8)
      expect(took).toBeLessThan(12)
    }
    await change({ limits: testLimits })
  })

  it('has a bound on connections, so that it cannot fill the table of all', async () => {
    const answered = await inside(
      `python3 -c '
import socket
open, refused = [], 0
for i in range(900):
  try: open.append(socket.create_connection(("198.51.100.1", 443), 3))
  except OSError: refused += 1
print(len(open), refused)'`,
    )
    const [open = 0, refused = 0] = answered.split(' ').map(Number)
    expect(open).toBeGreaterThan(300)
    expect(open).toBeLessThanOrEqual(512)
    expect(refused).toBe(900 - open)
  })

  it('has a bound on connections to the resolver, which end when they are silent', async () => {
    const resolving = await cloche.claim()
    const answered = await inside(
      `python3 -c '
import socket, threading
ends, kept = [], []
def ask():
  try: kept.append(socket.create_connection(("169.254.1.1", 53), 15)); ends.append("open")
  except OSError as error: ends.append(type(error).__name__)
asking = [threading.Thread(target=ask) for _ in range(90)]
for one in asking: one.start()
for one in asking: one.join()
print(*(f"{ends.count(end)} {end}" for end in sorted(set(ends))), flush=True)
import time; time.sleep(1)'`,
      resolving,
    )
    expect(answered).toBe('26 ConnectionRefusedError 64 open')
    const address = await inside('hostname -I', resolving)
    const flows = async (protocol: string) => {
      const table = await run('ip', [
        ...['netns', 'exec', testInstance],
        ...['conntrack', '-L', '-p', protocol, '--orig-src', address, '--orig-dst', '169.254.1.1'],
      ])
      return Array.from(table.matchAll(/^\w+\s+\d+ (\d+) /gm), ([, seconds]) => Number(seconds))
    }
    expect(Math.max(0, ...(await flows('tcp')))).toBeLessThanOrEqual(20)
    // Other questions are answered meanwhile; with an allowlist too, they are not remembered for long.
    for (const network of ['internet', { allow: ['mirror.example.org'] }]) {
      await change({ network }, resolving)
      expect(
        await inside('getent ahostsv4 mirror.example.org | head -n 1 | cut -d " " -f 1', resolving),
      ).toBe('198.51.100.1')
      const seconds = await flows('udp')
      expect(seconds).not.toEqual([])
      expect(Math.max(...seconds)).toBeLessThanOrEqual(5)
    }
    await cloche.call('DELETE', `/sandboxes/${resolving.id}`)
  })

  it('leaves nothing of itself in the firewall, and no connection', async () => {
    const sets = ['listed', 'allowed', 'shaped', 'sending', 'receiving', 'connections', 'resolving']
    const list = (set: string) =>
      run('ip', ['netns', 'exec', testInstance, 'nft', 'list', 'set', 'inet', testInstance, set])
    const listed = async () => (await Promise.all(sets.map((set) => list(set).catch(() => '')))).join('\n')
    await change({ network: { allow: ['mirror.example.org'] }, limits: { ...testLimits, networkMbps: 5 } })
    const address = await inside('hostname -I')
    expect(await table()).toContain(`${address} . 198.51.100.1`)
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
    // Nobody waits for the kernel to take its interface away, and what is said of it goes last.
    await expect.poll(listed, { timeout: 10_000 }).not.toContain(address)
    await expect.poll(table).not.toContain('limit s10.')
    const flows = () => run('ip', ['netns', 'exec', testInstance, 'conntrack', '-L', '--orig-src', address])
    await expect.poll(flows).toBe('')
  })
})

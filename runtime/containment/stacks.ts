import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { privateAddresses, uplink } from '../testing/world.js'
import type { Arena, Case } from './arena.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
const port = 4711

/** A sandbox of a stack that listens on every address, at one port of TCP and one of UDP. */
async function member(
  arena: Arena,
  tenantId: string,
  of: { readonly id: string; readonly names: readonly string[]; readonly networks?: readonly string[] },
): Promise<RuntimeSandbox> {
  const { id, names, networks = ['default'] } = of
  const sandbox = await arena.attacker({ tenantId, limits, stack: { id, names, networks } })
  await serve(arena, sandbox)
  return sandbox
}

async function serve(arena: Arena, { id }: RuntimeSandbox): Promise<void> {
  const script = `import os, socket
tcp = socket.create_server(("0.0.0.0", ${port}), backlog=64)
udp = socket.socket(2, 2); udp.bind(("0.0.0.0", ${port}))
if os.fork(): os._exit(0)
os.setsid()
for fd in (0, 1, 2): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
if os.fork() == 0:
    while True:
        text, who = udp.recvfrom(99); udp.sendto(b"udp", who)
while True:
    line = tcp.accept()[0]; line.sendall(b"tcp"); line.close()`
  const { exit, stderr } = await arena.cloche.exec(id, ['python3', '-c', script])
  expect([exit?.exitCode, stderr]).toEqual([0, ''])
}

const addressOf = async (arena: Arena, { id }: RuntimeSandbox) =>
  (await arena.cloche.exec(id, 'hostname -I')).stdout.trim()

/** What it hears from each of these, by TCP and by UDP. */
async function heard(arena: Arena, from: RuntimeSandbox, hosts: readonly string[]): Promise<string[]> {
  const script = `import socket
for host in ${JSON.stringify(hosts)}:
    found = []
    try: found.append(socket.create_connection((host, ${port}), 2).recv(9).decode())
    except OSError: pass
    line = socket.socket(2, 2); line.settimeout(1)
    try:
        line.sendto(b"?", (host, ${port})); found.append(line.recv(9).decode())
    except OSError: pass
    print(host, *found)`
  const command = ['python3', '-c', script]
  return (await arena.cloche.exec(from.id, command, { user: 'root', timeoutMs: 30_000 })).stdout
    .trim()
    .split('\n')
}

const brief = true
const both = (hosts: readonly string[]) => hosts.map((host) => `${host} tcp udp`)

export const stacks: readonly Case[] = [
  {
    ...{
      name: 'members of one stack, by their names; other stacks, tenants and sandboxes by their addresses',
      brief,
    },
    async run(arena) {
      const [own, foreign] = [newId('tn'), newId('tn')]
      const [one, two] = [newId('sk'), newId('sk')]
      const web = await member(arena, own, { id: one, names: ['web', 'www'] })
      const db = await member(arena, own, { id: one, names: ['db'] })
      const strangers = [
        await member(arena, own, { id: two, names: ['db'] }),
        // A tenant who has learnt the id of somebody's stack, and claims to be in it.
        await member(arena, foreign, { id: one, names: ['db', 'web'] }),
        await arena.attacker({ tenantId: own, limits }),
        await arena.attacker({ limits }),
      ]
      for (const stranger of strangers.slice(2)) await serve(arena, stranger)
      expect(await heard(arena, web, ['db'])).toEqual(both(['db']))
      expect(await heard(arena, db, ['web', 'www'])).toEqual(both(['web', 'www']))
      const theirs = await Promise.all(strangers.map((stranger) => addressOf(arena, stranger)))
      const ours = [await addressOf(arena, web), await addressOf(arena, db)]
      expect(await heard(arena, web, theirs)).toEqual(theirs)
      for (const stranger of strangers) expect(await heard(arena, stranger, ours)).toEqual(ours)
      return 'those of its own stack alone'
    },
  },
  {
    ...{ name: 'from a stack to the host, its gateway, private and metadata addresses', brief },
    async run(arena) {
      const [tenantId, id] = [newId('tn'), newId('sk')]
      const web = await member(arena, tenantId, { id, names: ['web'] })
      await member(arena, tenantId, { id, names: ['db'] })
      for (const host of [arena.world.inside, arena.world.outside]) host.clear()
      const hosts = [...privateAddresses, uplink, '169.254.1.1']
      expect(await heard(arena, web, hosts)).toEqual(hosts)
      const came = [...arena.world.inside.log, ...arena.world.outside.log]
      expect(came.filter((line) => !line.startsWith('dns'))).toEqual([])
      return 'refused, nothing arrived'
    },
  },
  {
    ...{ name: 'services that share no network of their stack', brief },
    async run(arena) {
      const [tenantId, id] = [newId('tn'), newId('sk')]
      const front = await member(arena, tenantId, { id, names: ['front'], networks: ['outer'] })
      const middle = await member(arena, tenantId, { id, names: ['middle'], networks: ['outer', 'inner'] })
      const back = await member(arena, tenantId, { id, names: ['back'], networks: ['inner'] })
      expect(await heard(arena, middle, ['front', 'back'])).toEqual(both(['front', 'back']))
      const addresses = [await addressOf(arena, back), await addressOf(arena, front)] as const
      expect(await heard(arena, front, ['back', addresses[0]])).toEqual(['back', addresses[0]])
      expect(await heard(arena, back, ['front', addresses[1]])).toEqual(['front', addresses[1]])
      return 'nothing passes, no name resolves'
    },
  },
  {
    ...{ name: 'who gets the address of a member that is gone', brief },
    async run(arena) {
      const [tenantId, id] = [newId('tn'), newId('sk')]
      const web = await member(arena, tenantId, { id, names: ['web'] })
      const gone = await member(arena, tenantId, { id, names: ['gone'] })
      const address = await addressOf(arena, gone)
      expect(await heard(arena, web, ['gone'])).toEqual(both(['gone']))
      await arena.cloche.call('POST', `/sandboxes/${gone.id}/stop`, { graceSeconds: 0 })
      // Nobody has the address now: what is sent to it must not leave through the uplink.
      arena.world.outside.clear()
      expect(await heard(arena, web, [address])).toEqual([address])
      expect(arena.world.outside.log.filter((line) => line.includes(String(port)))).toEqual([])
      await arena.cloche.call('DELETE', `/sandboxes/${gone.id}`)
      // An address rests for a while before it is given away again.
      for (const until = performance.now() + 60_000; performance.now() < until; await sleep(200)) {
        const next = await arena.attacker({ limits })
        if ((await addressOf(arena, next)) !== address) {
          await arena.removeAttackers([next.id])
          continue
        }
        await serve(arena, next)
        expect(await heard(arena, web, ['gone', address])).toEqual(['gone', address])
        expect(await heard(arena, next, [await addressOf(arena, web)])).toEqual([await addressOf(arena, web)])
        return 'a stranger to the stack'
      }
      throw new Error('nobody gets the address')
    },
  },
]

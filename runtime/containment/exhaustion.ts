import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Ran } from '../testing/instance.js'
import { type Arena, attackSeconds, type Case } from './arena.js'

/** What must be true while the attack goes on, beside the neighbour's echo. */
type Meanwhile = (arena: Arena) => Promise<void>

const unharmed: Meanwhile = (arena) => arena.checkWitness()

/** Lets a new attacker take what it can. */
function exhaust(
  name: string,
  what: string,
  judge: (ran: Ran, arena: Arena, id: string) => string | Promise<string>,
  meanwhile: Meanwhile = unharmed,
): Case {
  return {
    name,
    async run(arena) {
      const sandbox = await arena.attacker()
      const attack = arena.attack(sandbox, 'exhaust.py', [what, String(attackSeconds)])
      const [ran] = await Promise.all([attack, meanwhile(arena)])
      const outcome = await judge(ran, arena, sandbox.id)
      return outcome
    },
  }
}

const held = (what: string) => () => what

/** What it printed last: how much, and the kernel's word. */
function refusedWith(most: number, ...codes: string[]) {
  return ({ stdout, stderr }: Ran) => {
    expect(stderr).toBe('')
    const line = stdout.trim().split('\n').at(-1) ?? ''
    const [count = '', code = ''] = line.split(' ')
    expect(codes).toContain(code)
    expect(Number(count)).toBeLessThanOrEqual(most)
    return `${code} after ${count}`
  }
}

async function killed(_: Ran, arena: Arena, id: string): Promise<string> {
  const { usage } = JSON.parse((await arena.cloche.call('GET', `/sandboxes/${id}`)).text)
  expect(usage.oomKills).toBeGreaterThan(0)
  expect(usage.memoryPeakBytes).toBeLessThanOrEqual(256 * 1024 ** 2)
  return `${usage.oomKills} processes killed inside`
}

/** While lxcfs is flooded, or even killed for what it holds, another sandbox sees its own limits, or is told of none soon. */
const sees: Meanwhile = async (arena) => {
  for (let times = 0; times < 5; times++) {
    const { exit } = await arena.cloche.exec(arena.witness.id, 'free', { timeoutMs: 10_000 })
    expect(exit?.timedOut).toBe(false)
    await sleep((attackSeconds * 1000) / 10)
  }
  await unharmed(arena)
}

/** It answers again, with the truth, once the attack is over. */
async function seesAgain(_: Ran, arena: Arena): Promise<string> {
  const free = async () => (await arena.cloche.exec(arena.witness.id, 'free -m')).stdout
  for (let tries = 0; !/^Mem: +128 /m.test(await free()); tries++) {
    expect(tries).toBeLessThan(100)
    await sleep(100)
  }
  return 'its work is bounded by a control group; others read their own'
}

export const exhaustion: readonly Case[] = [
  exhaust('fork bomb', 'forks', held('held at 128 processes')),
  exhaust('thread bomb', 'threads', held('held at 128 threads')),
  exhaust('memory: anonymous', 'memory', killed),
  exhaust('memory: page cache', 'page_cache', held('reclaimed inside')),
  exhaust('memory: tmpfs', 'tmpfs', held('bounded by the mounts, counted as memory')),
  exhaust('memory: shared, and memfd', 'shared_memory', killed),
  exhaust('memory: the kernel’s, by pipes and sockets', 'kernel_memory', killed),
  exhaust('memory: what outlives its process', 'outliving', async (_, arena, id) => {
    const command = 'rm -rf /dev/shm/* /run/outliving* && echo alive'
    expect((await arena.cloche.exec(id, command, { user: 'root' })).stdout).toBe('alive\n')
    return 'ENOSPC inside, and the sandbox lives'
  }),
  exhaust('message queues', 'message_queues', refusedWith(256, 'EMFILE', 'ENOSPC', 'ENOMEM')),
  exhaust('large pipes', 'pipes', refusedWith(1024, 'EPERM', 'EMFILE', 'ENOMEM')),
  exhaust('every core busy', 'processors', held('shared by weight')),
  exhaust('system calls on every core', 'system_calls', held('shared by weight')),
  exhaust('disk', 'disk', ({ stdout }) => {
    expect(stdout).toMatch(/^(EDQUOT|ENOSPC)\n/)
    return 'EDQUOT inside'
  }),
  exhaust('inodes', 'inodes', held('metadata counts as disk')),
  exhaust('directory depth', 'depth', held('bounded by time and disk')),
  exhaust('sync(2) without end', 'sync', held('waits for its own disk')),
  exhaust('fsync(2) without end', 'fsync', held('held to its operations a second')),
  exhaust('one extent in ever more places', 'reflinks', held('counted once, its metadata each time')),
  exhaust('compression in the kernel’s threads', 'compression', held('not charged to it: see below')),
  exhaust('file descriptors', 'descriptors', refusedWith(16_384, 'EMFILE', 'ENFILE', 'ENOMEM')),
  exhaust('pseudo-terminals', 'ptys', refusedWith(256, 'ENOSPC'), async (arena) => {
    using other = await arena.cloche.openTerminal(arena.witness.id)
    await other.sees('$')
  }),
  exhaust('inotify', 'inotify', refusedWith(128, 'EMFILE'), async (arena) => {
    const watch = 'import ctypes; print(ctypes.CDLL(None).inotify_init() >= 0)'
    expect((await arena.cloche.exec(arena.witness.id, ['python3', '-c', watch])).stdout).toBe('True\n')
  }),
  exhaust('pending signals and timers', 'signals', refusedWith(4096, 'EAGAIN')),
  exhaust('lxcfs: reads on every core', 'view_reads', seesAgain, sees),
  exhaust('lxcfs: open files', 'view_files', seesAgain, sees),
  {
    name: 'output of a command',
    async run(arena) {
      const sandbox = await arena.attacker()
      const draining = arena.drain(sandbox, 'exhaust.py', ['output', String(attackSeconds)])
      const [bytes] = await Promise.all([draining, unharmed(arena)])
      return `${Math.round(bytes / 1024 ** 2)} MiB taken, at the reader’s pace`
    },
  },
  {
    name: 'output of a terminal',
    async run(arena) {
      const sandbox = await arena.attacker()
      using flooded = await arena.cloche.openTerminal(sandbox.id)
      await flooded.sees('$')
      flooded.type(`timeout ${attackSeconds} yes "$(seq -s ' ' 300)"; echo o''ver\n`)
      await Promise.all([flooded.sees('over', 30_000), unharmed(arena)])
      return 'read at the reader’s pace'
    },
  },
  {
    name: 'the pipe that tells of its end',
    async run(arena) {
      const sandbox = await arena.attacker()
      const shout = `timeout ${attackSeconds} sh -c 'while :; do cat /proc/self/status > /proc/1/fd/1; done'`
      await Promise.all([arena.cloche.exec(sandbox.id, shout, { user: 'root' }), unharmed(arena)])
      const stopped = await arena.cloche.call('POST', `/sandboxes/${sandbox.id}/stop`)
      expect(JSON.parse(stopped.text).state).toBe('stopped')
      return 'not listened to; its end is seen all the same'
    },
  },
]

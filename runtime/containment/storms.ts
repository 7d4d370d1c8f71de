import { expect } from 'vitest'
import type { Arena, Case } from './arena.js'

const stormSeconds = 1.5
const programs = 'storm-processes.py storm-files.py storm-cgroups.py storm.py'

/** What must work for others meanwhile. */
type Meanwhile = (arena: Arena) => Promise<unknown>

export const commands: Meanwhile = async ({ cloche, witness }) => {
  expect((await cloche.exec(witness.id, ['echo', 'here'])).stdout).toBe('here\n')
}
export const creation: Meanwhile = async ({ cloche }) => {
  const sandbox = await cloche.claim()
  expect((await cloche.exec(sandbox.id, ['echo', 'new'])).stdout).toBe('new\n')
  expect((await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)).status).toBe(204)
}

/**
 * Lets 32 processes of a new attacker make the kernel work: in its own threads, in interrupts of every processor, or
 * under locks that all share, where no cgroup bounds it.
 * @param attacker what its sandbox is
 */
export const storm = (
  name: string,
  what: string,
  outcome: string,
  meanwhile = commands,
  attacker: object = {},
): Case => ({
  name,
  async run(arena) {
    const sandbox = await arena.attacker(attacker)
    const attack = arena.attack(sandbox, programs, [what, String(stormSeconds)])
    const [ran] = await Promise.all([attack, meanwhile(arena)])
    // It ran to its end, or the kernel killed some of it for want of memory: then its own sandbox is alive.
    if (ran.exit?.exitCode === 0) expect(ran.stdout).toContain('slack 500000')
    expect((await arena.cloche.exec(sandbox.id, ['echo', 'alive'], { user: 'root' })).stdout).toBe('alive\n')
    return outcome
  },
})

export const storms: readonly Case[] = [
  storm('processes that pin themselves to one processor and the other', 'affinity', 'answered, not done'),
  storm('vfork', 'vforks', 'shared by weight'),
  storm('fork', 'forks', 'shared by weight'),
  storm('programs that end at once', 'programs', 'shared by weight'),
  storm('programs of an unknown format', 'formats', 'no module is looked for'),
  storm('threads that end at once', 'threads', 'shared by weight'),
  storm('sleeps of a nanosecond', 'sleeps', 'woken together, by timer slack'),
  storm('futexes that time out at once', 'futexes', 'woken together, by timer slack'),
  storm('polls that time out at once', 'polls', 'woken together, by timer slack'),
  storm('48,000 timers that end at the same moment', 'timers_at_once', 'counted as memory and files'),
  storm('timers that end again and again', 'timers_again', 'restarted only when they are read'),
  storm('alarms of a microsecond', 'alarms', 'shared by weight'),
  storm('memory barriers on every processor', 'barriers', 'interrupts only its own, or waits'),
  storm('rights to pages that other processors use', 'protections', 'shared by weight'),
  storm('mappings', 'mappings', 'shared by weight'),
  storm('huge pages', 'huge_pages', 'counted as memory'),
  storm('pages collapsed into huge ones', 'collapses', 'shared by weight'),
  storm('pages locked and unlocked', 'locks_of_memory', 'shared by weight'),
  storm('pages given back', 'page_outs', 'nowhere to go without swap'),
  storm('pages moved between nodes of memory', 'migrations', 'refused, or nowhere to go'),
  storm('sockets that only each other hold', 'passed_sockets', 'bounded by open files'),
  storm('sockets opened and closed', 'sockets', 'shared by weight'),
  storm('connections over loopback', 'loopback', 'not tracked by the host'),
  storm('datagrams over loopback', 'datagrams', 'shared by weight'),
  storm('a byte that goes to and fro', 'pipes', 'shared by weight'),
  storm('epolls in epolls', 'epolls', 'shared by weight'),
  storm('the lock of all networks, by netlink', 'routes', 'others are created meanwhile', creation),
  storm('inotify opened and closed', 'watches', 'bounded to 128'),
  storm(
    'socket filters, which the kernel compiles',
    'socket_filters',
    'others are started meanwhile',
    creation,
  ),
  storm(
    'seccomp filters, which the kernel compiles',
    'call_filters',
    'others are started meanwhile',
    creation,
  ),
  storm('files in memory', 'memory_files', 'counted as memory'),
  storm('shared segments', 'segments', 'counted as memory'),
  storm('scheduling policies', 'policies', 'only lower ones'),
  storm('/proc', 'process_files', 'shared by weight'),
  storm('small files made, renamed and removed', 'small_files', 'held to its operations a second'),
  storm('syncfs', 'flushes', 'held to its operations a second'),
  storm('locks on a file', 'file_locks', 'counted as memory'),
  storm('pseudo-terminals opened and closed', 'terminals', 'bounded to 256'),
  storm('crashes', 'dumps', 'no core is written'),
]

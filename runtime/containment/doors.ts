import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Arena, Case } from './arena.js'

/** What a broken defence would have changed on the host. */
const hostFiles = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/hostname',
  '/proc/sys/kernel/panic',
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/net/ipv4/ip_forward',
] as const
const hostNow = () => hostFiles.map((file) => readFileSync(file, 'utf8'))

/** One way out of `attacks/doors.py`, tried by root in a sandbox of its own. */
const door = (name: string, which: string, outcome: string, ...args: string[]): Case => ({
  name,
  brief: true,
  async run(arena) {
    const sandbox = await arena.attacker()
    const before = hostNow()
    const { stdout, stderr } = await arena.attack(sandbox, 'doors.py', [which, ...args])
    expect(`${stdout}${stderr}`).toBe('tried\n')
    expect(hostNow()).toEqual(before)
    // Nobody ended its first process either.
    expect((await arena.cloche.exec(sandbox.id, ['echo', 'alive'])).stdout).toBe('alive\n')
    return outcome
  },
})

/** The same with the path of a file of the host, which must not be there. */
const hidden = (name: string, which: string): Case => ({
  name,
  brief: true,
  async run(arena: Arena) {
    const marker = join(arena.cloche.home, 'hidden')
    writeFileSync(marker, 'on the host')
    try {
      return await door(name, which, 'the sandbox’s own root', marker).run(arena)
    } finally {
      expect(existsSync(marker)).toBe(true)
      rmSync(marker)
    }
  },
})

export const doors: readonly Case[] = [
  door('namespaces within namespaces', 'namespaces', 'refused'),
  door('mounts of every kind, by both interfaces', 'mounts', 'refused'),
  door('what is masked in /proc and /sys, by other ways', 'masked', 'stays masked'),
  door('every setting in /proc/sys', 'settings', 'read-only'),
  door('every file in /sys', 'devices_of_sys', 'read-only'),
  door('core_pattern, and a core of its own', 'core_pattern', 'no core'),
  door('binfmt_misc', 'formats', 'not mounted'),
  door('modules of the kernel, asked for or looked for', 'modules', 'refused'),
  door('packets of its own making', 'packets', 'refused'),
  door('device nodes', 'devices', 'none to make, none to open'),
  door('bpf, perf, userfaultfd, io_uring, aio, memfd_secret', 'programs_of_the_kernel', 'refused'),
  door('keyrings', 'keyrings', 'refused'),
  door('reboot, kexec, SysRq, suspend', 'end_of_the_host', 'refused'),
  door('the clock', 'clocks', 'refused'),
  door('TIOCSTI, line disciplines, the console', 'terminals', 'refused'),
  door('the first process: its memory, files and descriptors', 'first_process', 'refused'),
  door('real-time, higher and preferred', 'priority', 'refused'),
  door('capabilities from files and ambient ones', 'capabilities', 'no more than root inside has'),
  hidden('chroot, and out of it', 'chroot_escape'),
  hidden('/proc/*/root and /proc/*/cwd', 'roots'),
  door('files by their handles', 'handles', 'refused'),
  door('system calls by other numbers: 32 bits, x32', 'tables_of_calls', 'killed'),
  door('the kernel’s log and addresses', 'kernel_log', 'refused'),
  door('the host’s name', 'names', 'refused'),
  door('its control group, and others', 'groups', 'refused, or not there'),
]

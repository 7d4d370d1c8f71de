import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { run } from '../linux/spawn.js'
import { attackSeconds, type Case } from './arena.js'

const crun = '/usr/bin/crun'
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

export const surface: readonly Case[] = [
  {
    name: 'every door of the kernel: system calls, /proc, /sys, devices, 32-bit calls',
    async run(arena) {
      const sandbox = await arena.attacker()
      const core = readFileSync('/proc/sys/kernel/core_pattern', 'utf8')
      expect((await arena.attack(sandbox, 'kernel.py', [])).stdout).toBe('done\n')
      expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(core)
      return 'all closed'
    },
  },
  {
    name: 'CVE-2019-5736, CVE-2024-21626: the OCI runtime’s program, descriptors and directory, at its entry',
    async run(arena) {
      const sandbox = await arena.attacker()
      const marker = join(arena.cloche.home, 'marker')
      writeFileSync(marker, 'on the host')
      const before = hash(crun)
      const lurking = arena.attack(sandbox, 'lurk.py', [String(attackSeconds), marker])
      for (let i = 0; i < 30; i++)
        await arena.cloche.exec(sandbox.id, ['true'], { user: i % 2 ? 'root' : 'user' })
      const { stdout } = await lurking
      expect(stdout).toMatch(/looked at \d+\n$/)
      expect(stdout).not.toContain('ESCAPED')
      expect(hash(crun)).toBe(before)
      // A working directory that is a descriptor of the runtime's own.
      for (let fd = 3; fd < 16; fd++) {
        const at = await arena.cloche.exec(sandbox.id, ['cat', `${'../'.repeat(16)}${marker}`], {
          cwd: `/proc/self/fd/${fd}`,
        })
        expect(at.stdout).toBe('')
      }
      rmSync(marker)
      return 'nothing to be seen of the host'
    },
  },
  {
    name: 'CVE-2025-31133, -52565, -52881, CVE-2026-88264, -88265: a root that lies to the OCI runtime at its start',
    async run(arena) {
      const sandbox = await arena.attacker()
      const target = join(arena.cloche.home, 'target')
      writeFileSync(target, 'on the host')
      await arena.cloche.call('POST', `/sandboxes/${sandbox.id}/stop`)
      // As nobody can write it from inside, where these are mount points: straight onto the disk.
      const upper = join(arena.cloche.disk, 'sandboxes', arena.cloche.recordOf(sandbox.id).id, 'upper')
      for (const name of ['dev', 'sys', 'run', 'proc']) {
        rmSync(join(upper, name), { recursive: true, force: true })
        symlinkSync(name === 'proc' ? arena.cloche.home : target, join(upper, name))
        const { status } = await arena.cloche.call('POST', `/sandboxes/${sandbox.id}/start`)
        if (status === 200) {
          const { stdout } = await arena.cloche.exec(sandbox.id, `cat ${target}; ls ${arena.cloche.home}`, {
            user: 'root',
          })
          expect(stdout).toBe('')
          await arena.cloche.call('POST', `/sandboxes/${sandbox.id}/stop`)
        }
        rmSync(join(upper, name))
        expect(readFileSync(target, 'utf8')).toBe('on the host')
        expect(lstatSync(arena.cloche.home).isDirectory()).toBe(true)
        expect(existsSync(join(arena.cloche.home, 'self'))).toBe(false)
      }
      expect((await arena.cloche.call('POST', `/sandboxes/${sandbox.id}/start`)).status).toBe(200)
      rmSync(target)
      return 'resolved inside, or not started'
    },
  },
  {
    name: 'CVE-2022-0492: release_agent, by a cgroup mount of its own',
    async run(arena) {
      const sandbox = await arena.attacker()
      const script = `for version in cgroup cgroup2; do mount -t $version none /mnt && echo mounted; unshare -UrmC mount -t $version none /mnt && echo mounted; done; find / -xdev -name release_agent -o -name notify_on_release 2>/dev/null; find /sys /proc -name release_agent 2>/dev/null`
      expect((await arena.cloche.exec(sandbox.id, script, { user: 'root' })).stdout).toBe('')
      return 'no mount, no file'
    },
  },
  {
    name: 'a program that is root’s on the disk, for whoever is on the host',
    async run(arena) {
      const sandbox = await arena.attacker()
      await arena.cloche.exec(
        sandbox.id,
        'cp /usr/bin/id /home/user/planted; chown root:root /home/user/planted; chmod 4755 /home/user/planted',
        { user: 'root' },
      )
      const planted = join(
        arena.cloche.disk,
        'sandboxes',
        arena.cloche.recordOf(sandbox.id).id,
        'upper/home/user/planted',
      )
      expect(statSync(planted)).toMatchObject({ uid: 0, mode: 0o104755 })
      await expect(
        run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', planted]),
      ).rejects.toThrow(/denied/)
      // Even root's own shell on the host gets nobody's privileges by it.
      const options = await run('findmnt', [
        '--noheadings',
        '--output',
        'OPTIONS',
        '--target',
        arena.cloche.disk,
      ])
      expect(options.split(',')).toEqual(expect.arrayContaining(['nosuid', 'nodev']))
      return 'nobody else can get there'
    },
  },
]

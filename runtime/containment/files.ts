import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { attackSeconds, type Case } from './arena.js'

/** Swaps a directory for links to everywhere else, as fast as it can, below a path that the host's calls use. */
const swap = (home: string) => `
import os, time
end = time.time() + ${attackSeconds}
os.chdir("/home/user")
os.makedirs("real", exist_ok=True)
open("real/secret", "w").write("inside")
links = ["/proc/1/root", "/proc/self/root", "/proc/1/cwd", "/", "../../../../../../../../../..", "${home}", "/proc/1/root/proc/1/root"]
n = 0
while time.time() < end:
    link = links[n % len(links)]; n += 1
    try:
        os.symlink(link, "next"); os.rename("next", "way")
        os.unlink("way"); os.rename("real", "way")
        os.rename("way", "real")
        try: os.link("/proc/1/root/etc/passwd", "hard")
        except OSError: pass
    except OSError:
        for name in ("next", "way"):
            try: os.unlink(name)
            except OSError: pass
print("swapped", n)`

export const files: readonly Case[] = [
  {
    name: 'links and renames under every file call, to /proc/*/root and the host’s paths',
    async run(arena) {
      const { home } = arena.cloche
      const sandbox = await arena.attacker()
      const at = `/sandboxes/${sandbox.id}`
      const secret = join(home, 'secret')
      writeFileSync(secret, 'of the host')
      const swapping = arena.cloche.exec(sandbox.id, ['python3', '-c', swap(home)], { timeoutMs: 15_000 })
      let over = false
      void swapping.finally(() => {
        over = true
      })
      let calls = 0
      while (!over) {
        for (const path of ['way/secret', `way${secret}`, `way/../..${secret}`]) {
          const query = encodeURIComponent(path)
          const read = await arena.cloche.call('GET', `${at}/files?path=${query}`)
          expect(read.text).not.toContain('of the host')
          await arena.cloche.call(
            'PUT',
            `${at}/files?path=${encodeURIComponent(`way/planted${calls % 7}`)}`,
            'x',
          )
          await arena.cloche.call('DELETE', `${at}/files?path=${query}`)
          await arena.cloche.call('POST', `${at}/files/mkdir`, { path: `way${home}/planted` })
          await arena.cloche.call('POST', `${at}/files/move`, {
            from: 'real',
            to: `way${home}/moved`,
            overwrite: true,
          })
          expect((await arena.cloche.call('GET', `${at}/archive?path=${query}`)).text).not.toContain(
            'of the host',
          )
          expect((await arena.cloche.call('GET', `${at}/tree?path=way&depth=1`)).text).not.toContain('boxes')
          calls += 7
          await sleep(2)
        }
      }
      expect((await swapping).stdout).toMatch(/^swapped \d+\n/)
      expect(existsSync(secret)).toBe(true)
      for (const name of ['planted', 'moved', 'planted0']) expect(existsSync(join(home, name))).toBe(false)
      rmSync(secret)
      return `${calls} calls stayed inside`
    },
  },
  {
    name: 'files that are none: pipes, sockets, devices, /proc, and directories without end',
    async run(arena) {
      const sandbox = await arena.attacker()
      const at = `/sandboxes/${sandbox.id}`
      const made = await arena.cloche.exec(
        sandbox.id,
        `mkfifo pipe && python3 -c 'import os, socket
socket.socket(1, 2).bind("socket")
for way in ("/dev/zero", "/dev/full", "/proc/kmsg", "/proc/self/mem", "pipe", "loop"): os.symlink(way, "to-" + way.strip("/").replace("/", "-"))
os.symlink("loop", "loop")
os.makedirs("/".join(["d" * 100] * 30)); os.mkdir("many")
for n in range(5000): open(f"many/{n}", "w").close()'`,
      )
      expect(made.stderr).toBe('')
      const paths = [
        'pipe',
        'socket',
        '/dev/zero',
        '/dev/ptmx',
        '/dev/shm',
        '/proc/1/mem',
        '/proc/kcore',
        'loop',
      ]
      const links = ['zero', 'full']
        .map((name) => `to-dev-${name}`)
        .concat('to-proc-kmsg', 'to-proc-self-mem', 'to-pipe')
      for (const path of [...paths, ...links]) {
        const query = encodeURIComponent(path)
        // Each is answered, and without anything of the host: nobody waits for a writer or reads without end.
        const read = await arena.cloche.call('GET', `${at}/files?path=${query}`)
        expect([path, read.status]).not.toEqual([path, 200])
        const written = await arena.cloche.call('PUT', `${at}/files?path=${query}`, 'x')
        expect([path, written.status]).not.toEqual([path, 500])
      }
      expect((await arena.cloche.call('GET', `${at}/tree?path=many`)).status).toBe(200)
      expect((await arena.cloche.call('GET', `${at}/tree?path=.&depth=20`)).status).toBeLessThan(500)
      await arena.cloche.call('GET', `${at}/archive?path=.`)
      return 'refused, or ordinary'
    },
  },
  {
    name: 'hard links and setuid files, by the file calls',
    brief: true,
    async run(arena) {
      const sandbox = await arena.attacker()
      const at = `/sandboxes/${sandbox.id}`
      const secret = join(arena.cloche.home, 'linked')
      writeFileSync(secret, 'of the host')
      await arena.cloche.exec(
        sandbox.id,
        `ln /etc/passwd hard; ln /proc/1/environ process; ln -s ${secret} soft; ln soft hard-to-soft; cp /bin/sh shell; chmod 4755 shell`,
        { user: 'root' },
      )
      for (const path of ['soft', 'hard-to-soft', 'process']) {
        const read = await arena.cloche.call('GET', `${at}/files?path=${path}`)
        expect(read.text).not.toContain('of the host')
        await arena.cloche.call('PUT', `${at}/files?path=${path}`, 'over it')
      }
      expect(readFileSync(secret, 'utf8')).toBe('of the host')
      // Its own copy of the image's file is written, and nobody else's.
      await arena.cloche.call('PUT', `${at}/files?path=hard`, 'owned')
      const theirs = await arena.cloche.exec(arena.witness.id, 'head -c 5 /etc/passwd')
      expect(theirs.stdout).toBe('root:')
      rmSync(secret)
      return 'stays in its own root'
    },
  },
]

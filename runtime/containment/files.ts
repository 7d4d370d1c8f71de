import { existsSync, rmSync, writeFileSync } from 'node:fs'
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
      const box = await arena.attacker()
      const at = `/sandboxes/${box.id}`
      const secret = join(home, 'secret')
      writeFileSync(secret, 'of the host')
      const swapping = arena.cloche.exec(box.id, ['python3', '-c', swap(home)], { timeoutMs: 15_000 })
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
]

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { detectHierarchy } from '../cgroup/hierarchy.js'
import { run } from '../linux/spawn.js'
import { testInstance } from '../testing/kernel.js'
import type { Arena } from './arena.js'

/**
 * Everything of sandboxes that is still on the host, each with its name: after the last of them is removed it
 * must be nothing. Waits for what the kernel takes away by itself some time after.
 */
export async function leftovers(arena: Arena): Promise<string[]> {
  let left: string[] = []
  for (let tries = 0; tries < 600; tries++) {
    left = await look(arena)
    if (left.length === 0) return left
    await sleep(50)
  }
  return left
}

async function look({ cloche }: Arena): Promise<string[]> {
  const inside = (...command: string[]) =>
    run('nsenter', [`--net=/run/netns/${cloche.namespace}`, ...command])
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const table = await inside('nft', '-j', 'list', 'table', 'inet', testInstance)
  const sets: { set?: { name: string; elem?: unknown[] }; map?: { name: string; elem?: unknown[] } }[] =
    JSON.parse(table).nftables
  const perSandbox = ['listed', 'allowed', 'shaped', 'sending', 'receiving', 'connections']
  const elements = sets
    .flatMap(({ set, map }) => [set, map])
    .filter((one) => one !== undefined && perSandbox.includes(one.name) && (one.elem?.length ?? 0) > 0)
  return [
    ...processes(),
    ...mountinfo
      .filter((line) => line.includes(`/run/cloche/${testInstance}/scratch/`))
      .map((line) => `mount ${line}`),
    ...(await inside('ip', '-o', 'link'))
      .split('\n')
      .filter((line) => /\bcl\d+v/.test(line))
      .map((line) => `link ${line}`),
    ...elements.map((one) => `nftables set ${one?.name}`),
    ...(await inside('conntrack', '-L', '-o', 'extended'))
      .split('\n')
      .filter((line) => line.includes('src=10.'))
      .map((line) => `flow ${line}`),
    ...cgroups().map((path) => `cgroup ${path}`),
    ...['sandboxes', 'runs', 'quarantine'].flatMap((root) =>
      readdirSync(join(cloche.disk, root)).map((name) => `volume ${root}/${name}`),
    ),
    ...readdirSync(join(cloche.home, 'boxes')).map((name) => `record ${name}`),
    ...readdirSync(`/run/cloche/${testInstance}/scratch`).map((name) => `file ${name}`),
    ...loops()
      .filter((file) => file.includes(`/${testInstance}-`) && !file.startsWith(cloche.home))
      .map((file) => `loop device of ${file}`),
  ]
}

/** Processes in the instance's cgroups with an id of the range that sandboxes have theirs from. */
function processes(): string[] {
  const firstUid = 2 ** 31
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8')
        const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
        const inside = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) >= firstUid
        if (!inside || !cgroup.includes(`/${testInstance}/`)) return []
        const [, name, state] = /^Name:\s+(.*)\n(?:.*\n)*?State:\s+(.*)$/m.exec(status) ?? []
        return [
          `process ${pid}: ${name}, ${state}, ${cgroup.split('\n').find((line) => line.includes(testInstance))}`,
        ]
      } catch {
        return [] // it ended meanwhile
      }
    })
}

/** Cgroups of sandboxes and programs. A tenant's own stays for a minute, for it may come back. */
function cgroups(): string[] {
  const below = (path: string) =>
    existsSync(path)
      ? readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
          entry.isDirectory() ? [join(path, entry.name)] : [],
        )
      : []
  return detectHierarchy().mounts.flatMap((mount) => below(join(mount, testInstance)).flatMap(below))
}

function loops(): string[] {
  return readdirSync('/sys/block')
    .map((name) => `/sys/block/${name}/loop/backing_file`)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim())
}

import { existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs'
import { platform } from 'node:os'
import { hostResolver } from '../../runtime/network/firewall.js'
import { findSupervisor } from '../lock.js'
import { portTrouble } from '../port.js'
import type { Settings } from '../settings.js'
import { ensureUser } from '../user.js'
import { advice, type Finding, missing, ok } from './finding.js'

const gib = 1024 ** 3
/** The base image, a database and some sandboxes. */
const leastDiskBytes = 2 * gib
const goodDiskBytes = 20 * gib
const leastMemoryBytes = gib / 2
const goodMemoryBytes = 2 * gib

const gibOf = (bytes: number) => `${(bytes / gib).toFixed(1)} GiB`

export function checkPlatform(): Finding[] {
  return [
    platform() === 'linux'
      ? ok('system', 'Linux')
      : missing('system', platform(), 'Cloche needs Linux; a virtual machine will do'),
    process.getuid?.() === 0
      ? ok('root', 'yes')
      : missing('root', 'no, and most checks need it', 'Type: sudo bin/cloche doctor'),
  ]
}

export function checkUser(settings: Settings): Finding {
  const { group } = settings
  ensureUser(settings)
  const known = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${group}:`))
  if (known) return ok(`user ${group}`, 'runs the web server and the database')
  return missing(
    `user ${group}`,
    'is not there',
    `Type: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${group}`,
  )
}

export function checkDiskSpace({ home }: Settings): Finding {
  mkdirSync(home, { recursive: true, mode: 0o711 })
  const { bavail, bsize } = statfsSync(home)
  const free = bavail * bsize
  const note = `${gibOf(free)} free at ${home}`
  const fix = 'Make room, or set CLOCHE_HOME to a directory on a larger disk'
  if (free < leastDiskBytes) return missing('disk space', `only ${note}; 2 GiB are the least`, fix)
  return free < goodDiskBytes ? advice('disk space', `${note}; 20 GiB are good`, fix) : ok('disk space', note)
}

export function checkMemory(): Finding {
  const kib = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1])
  const note = `${gibOf(kib * 1024)} available`
  if (kib * 1024 < leastMemoryBytes) return missing('memory', `only ${note}`, 'Cloche itself needs 0.5 GiB')
  if (kib * 1024 < goodMemoryBytes)
    return advice('memory', note, '2 GiB are good; sandboxes take theirs from it')
  return ok('memory', note)
}

/** The runtime turns forwarding on by itself, where it may. */
export function checkForwarding(): Finding {
  const file = '/proc/sys/net/ipv4/ip_forward'
  const what = 'IPv4 forwarding'
  if (!existsSync(file)) return missing(what, 'this kernel has no IPv4', 'Sandboxes reach nothing without it')
  const on = readFileSync(file, 'utf8').trim() === '1'
  return ok(what, on ? 'on' : 'off; bin/up turns it on')
}

export function checkResolvers({ resolvers }: Settings): Finding {
  const found = resolvers?.[0] ?? hostResolver()
  if (found !== undefined) return ok('resolver for sandboxes', found)
  return advice(
    'resolver for sandboxes',
    'this machine has none but itself (127.0.0.0/8), so names do not resolve inside',
    'Set CLOCHE_RESOLVERS to the addresses of some, separated by commas',
  )
}

export function checkNetns({ netns }: Settings): Finding[] {
  if (netns === undefined) return []
  return [
    existsSync(`/run/netns/${netns}`)
      ? ok(`network namespace ${netns}`, 'is there')
      : missing(`network namespace ${netns}`, 'CLOCHE_NETNS names none', `Type: ip netns add ${netns}`),
  ]
}

/** An instance that runs has its port itself. */
export async function checkPort(settings: Settings): Promise<Finding> {
  const what = `port ${settings.port}`
  const trouble = await portTrouble(settings)
  if (trouble === undefined) return ok(what, `free at ${settings.host}`)
  if (findSupervisor(settings.run) !== undefined)
    return ok(what, `in use by ${settings.instance}, which runs`)
  return missing(what, trouble, 'Type, for instance: PORT=3001 bin/up')
}

import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import { advice, type Finding, missing, ok } from './finding.js'

/** Programs that a sandbox is made with, and the package that has them on Debian and Ubuntu. */
const programs = [
  ['crun', 'crun', 'starts containers'],
  ['btrfs', 'btrfs-progs', 'limits disks'],
  ['mkfs.btrfs', 'btrfs-progs', 'makes the disk'],
  ['ip', 'iproute2', 'makes network interfaces'],
  ['nft', 'nftables', 'holds the network policy'],
  ['catatonit', 'catatonit', 'is the first process of a sandbox'],
  ['mmdebstrap', 'mmdebstrap', 'builds images'],
  ['unshare', 'util-linux', 'makes namespaces'],
  ['setpriv', 'util-linux', 'drops privileges'],
  ['mount', 'mount', 'mounts the disk'],
] as const

const seccompProfile = '/usr/share/containers/seccomp.json'

/** Sandboxes run without it, but see the processors, memory and load of the host. */
function checkLxcfs(): Finding {
  const purpose = 'shows sandboxes their own limits'
  const fix = 'Type: apt-get install -y lxcfs'
  if (findProgram('lxcfs') === undefined) return advice('lxcfs', `not installed; it ${purpose}`, fix)
  if (!existsSync('/dev/fuse')) {
    return advice('lxcfs', `there is no /dev/fuse, which it needs; it ${purpose}`, 'Type: modprobe fuse')
  }
  return ok('lxcfs', purpose)
}

/** Everything that is installed from the distribution. */
export function checkPrograms(): Finding[] {
  const found = programs.map(([name, pack, purpose]) =>
    findProgram(name) === undefined
      ? missing(name, `not installed; it ${purpose}`, `Type: apt-get install -y ${pack}`)
      : ok(name, purpose),
  )
  const profile = existsSync(seccompProfile)
    ? ok('seccomp profile', seccompProfile)
    : missing(
        'seccomp profile',
        `${seccompProfile} is not there`,
        'Type: apt-get install -y golang-github-containers-common',
      )
  return [...found, checkLxcfs(), profile]
}

function findProgram(name: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(':')
  return directories.map((directory) => join(directory, name)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

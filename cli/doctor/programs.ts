import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, missing, ok } from './finding.js'

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
  return [...found, profile]
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

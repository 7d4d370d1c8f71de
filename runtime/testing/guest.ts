import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mount } from '../linux/libc.js'
import { runFacts } from './facts.js'
import { guestHome } from './kernel.js'

/**
 * The first process of the guest that `uml.ts` boots: mounts what a machine has, loads the modules, runs the
 * tests, prints a line of JSON for each, and switches the guest off.
 */
process.env.PATH = '/run/programs:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
// It was read from /proc before there was one here: what stood there was the host's.
process.execPath = process.argv0
const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
process.chdir(project)
mount('proc', '/proc', 'proc', 0, '')
mount('sysfs', '/sys', 'sysfs', 0, '')
// Room that a host's disk has: more than the guest's memory, and never used.
for (const directory of ['/run', '/tmp', '/var/tmp']) mount('tmpfs', directory, 'tmpfs', 0, 'size=64g')
if (!existsSync(project)) {
  // It lies in one of them, and is covered now: seen at its place again, or Node would not find what it runs.
  mkdirSync(project, { recursive: true })
  const bind = 4096
  mount('.', project, '', bind, '')
  process.chdir(project)
}
mkdirSync('/dev/pts', { recursive: true })
mkdirSync('/dev/shm', { recursive: true })
mount('devpts', '/dev/pts', 'devpts', 0, 'ptmxmode=0666')
mount('tmpfs', '/dev/shm', 'tmpfs', 0, '')
mount('cgroup2', '/sys/fs/cgroup', 'cgroup2', 0, '')
mkdirSync('/run/modules/lib', { recursive: true })
symlinkSync('/usr/lib/uml/modules', '/run/modules/lib/modules')
for (const name of ['fuse', 'overlay', 'veth']) must('modprobe', '--dirname', '/run/modules', name)
must('ip', 'link', 'set', 'lo', 'up')
// This kernel is built without tables of the family inet. What a firewall does is tested on the host.
mkdirSync('/run/programs')
writeFileSync('/run/programs/nft', '#!/bin/sh\n[ "$1" = -f ]\n', { mode: 0o755 })
symlinkSync('/bin/true', '/run/programs/conntrack')
// Nor gVisor.
symlinkSync('/bin/false', '/run/programs/runsc')
mkdirSync(join(guestHome, 'disk'), { recursive: true, mode: 0o711 })
mount('/dev/ubda', join(guestHome, 'disk'), 'btrfs', 0, '')

await import('../cgroup/cgroup.test.js')
await import('../cgroup/step.test.js')
await import('../cgroup/cgroup-root.facts.js')
await import('../isolation.test.js')
await import('../view/view.test.js')
await runFacts((fact) => console.log(`\nfact ${JSON.stringify(fact)}`))
console.log('\nfacts end')
must('poweroff', '--force')

function must(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
}

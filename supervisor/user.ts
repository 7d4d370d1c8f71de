import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Failure } from '../cli/command.js'
import { userFile } from '../runtime/service-user.js'
import type { Settings } from './settings.js'

/** Another program may have /etc/passwd locked; useradd itself does not wait for it. */
const tries = 40
const pauseMs = 250

export const userExists = (name: string): boolean =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${name}:`))

/** @throws Failure when there is no such user */
export function idsOf(name: string): { uid: number; gid: number } {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
  const [, , uid, gid] = row?.split(':') ?? []
  if (uid === undefined || gid === undefined) throw new Failure(`there is no user ${name}. Type: bin/setup`)
  return { uid: Number(uid), gid: Number(gid) }
}

/**
 * Makes the system user of an instance where there is none yet, and remembers it. Only users of that form are made: one
 * that an operator names with CLOCHE_GROUP, or `cloche`, which bin/setup makes, has to be there.
 *
 * @throws Failure when it cannot be made
 */
export function ensureUser({ group, home, instance }: Settings): void {
  if (group !== `cloche-${instance}` || process.getuid?.() !== 0) return
  mkdirSync(home, { recursive: true, mode: 0o711 })
  writeFileSync(userFile(home), `${group}\n`, { mode: 0o644 })
  const shape = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent']
  for (let left = tries; !userExists(group); left--) {
    const { status, stderr } = spawnSync('useradd', [...shape, '--shell', '/usr/sbin/nologin', group])
    if (status === 0) return
    if (left === 0) throw new Failure(`the user ${group} cannot be made: ${String(stderr).trim()}`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
  }
}

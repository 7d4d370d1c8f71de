import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hierarchy, writeValue } from './hierarchy.js'

/** Stops every process of a cgroup where it stands; returns when all of them do. */
export const freeze = (hierarchy: Hierarchy, path: string) => set(hierarchy, path, true)

/** Lets them go on. */
export const thaw = (hierarchy: Hierarchy, path: string) => set(hierarchy, path, false)

/** Whether a cgroup was frozen itself, whatever is true of its parents. One that is not there is not. */
export function isFrozen(hierarchy: Hierarchy, path: string): boolean {
  const mount = hierarchy.mountOf('freezer')
  const file = hierarchy.version === 2 ? 'cgroup.freeze' : 'freezer.self_freezing'
  if (mount === undefined || !existsSync(join(mount, path))) return false
  return readFileSync(join(mount, path, file), 'utf8').trim() === '1'
}

async function set(hierarchy: Hierarchy, path: string, frozen: boolean): Promise<void> {
  const mount = hierarchy.mountOf('freezer')
  if (mount === undefined) throw new Error('this host has no cgroup freezer')
  const directory = join(mount, path)
  const reached =
    hierarchy.version === 2
      ? async () =>
          (await readFile(join(directory, 'cgroup.events'), 'utf8')).includes(`frozen ${Number(frozen)}`)
      : async () =>
          (await readFile(join(directory, 'freezer.state'), 'utf8')).trim() === (frozen ? 'FROZEN' : 'THAWED')
  const write = (wanted: boolean) =>
    hierarchy.version === 2
      ? writeValue(join(directory, 'cgroup.freeze'), Number(wanted))
      : writeValue(join(directory, 'freezer.state'), wanted ? 'FROZEN' : 'THAWED')
  // Version 1 gives up on a process that was being born and wants to be asked again.
  for (let tries = 0; tries < 1000; tries++) {
    write(frozen)
    if (await reached()) return
    await sleep(1)
  }
  // Half frozen is worse than not at all.
  if (frozen) write(false)
  throw new Error(`the processes of ${path} do not ${frozen ? 'freeze' : 'thaw'}`)
}

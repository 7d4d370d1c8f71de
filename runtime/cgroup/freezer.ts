import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hierarchy, writeValue } from './hierarchy.js'

/** Stops every process of a cgroup where it stands; returns when all of them do. */
export const freeze = (hierarchy: Hierarchy, path: string) => set(hierarchy, path, true)

/** Lets them go on. */
export const thaw = (hierarchy: Hierarchy, path: string) => set(hierarchy, path, false)

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
  const write = () =>
    hierarchy.version === 2
      ? writeValue(join(directory, 'cgroup.freeze'), Number(frozen))
      : writeValue(join(directory, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED')
  // Version 1 gives up on a process that was being born and wants to be asked again.
  for (let tries = 0; tries < 1000; tries++) {
    write()
    if (await reached()) return
    await sleep(1)
  }
  throw new Error(`the processes of ${path} do not ${frozen ? 'freeze' : 'thaw'}`)
}

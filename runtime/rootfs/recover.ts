import { join } from 'node:path'
import type { Logger } from '../../common/log.js'
import type { Hierarchy } from '../cgroup/hierarchy.js'
import { killBelow } from '../cgroup/kill.js'
import type { Config } from '../config.js'
import { diskProblem, isAttached, isDiskOpen, openDisk, prepareRemount } from './disk.js'
import { hasRoomToMount } from './disk-reserve.js'

/** The sandboxes' disk as a runtime finds it at its start. */
export interface FoundDisk {
  readonly root: string
  /** Why nothing can be written to it; null when all is well. */
  readonly problem: string | null
  /** It is there at least, and can be read. */
  readonly readable: boolean
  /** What was tried to mend it did not help: it is tried again some time later only. */
  readonly failed: boolean
  /** It was mounted anew, for which everything that ran on it was killed. */
  readonly remounted: boolean
}

/**
 * Opens the disk at the start of the runtime. One that has turned read-only is mounted anew once the host has room,
 * for which all processes of all sandboxes are killed: nothing they write could be kept. Never fails: what is wrong is
 * logged and returned, for a runtime that does not start helps nobody.
 */
export async function openOrRecoverDisk(
  { home, diskGib, diskReserveBytes, cgroupRoot }: Config,
  hierarchy: Hierarchy,
  log: Logger,
): Promise<FoundDisk> {
  const root = join(home, 'disk')
  let remounted = false
  try {
    const open = await isDiskOpen(home)
    // Unmounted by somebody's hand it lives on in the sandboxes that run.
    if (open ? diskProblem(root) !== null : await isAttached(join(home, 'disk.img'))) {
      if (open && !hasRoomToMount(home, diskReserveBytes)) {
        log.fatal(
          { problem: diskProblem(root) },
          "the host's disk is full: make room, and all goes on by itself",
        )
        return { root, problem: diskProblem(root), readable: true, failed: false, remounted: false }
      }
      log.error(
        { problem: diskProblem(root) },
        'mounting the disk anew; everything that runs on it is killed',
      )
      const left = await killBelow(hierarchy, cgroupRoot)
      if (left.length > 0) throw new Error(`processes do not die: ${left.join(', ')}`)
      await prepareRemount(home)
      remounted = true
    }
    await openDisk(home, diskGib)
    return { root, problem: null, readable: true, failed: false, remounted }
  } catch (error) {
    log.fatal(
      { error },
      'the disk of the sandboxes cannot be used; what to do: docs/how-to/recover-from-disk-problems.md',
    )
    const readable = await isDiskOpen(home)
    const why = error instanceof Error ? error.message : String(error)
    const problem = (readable ? diskProblem(root) : null) ?? `the sandboxes' disk cannot be used: ${why}`
    return { root, problem, readable, failed: true, remounted }
  }
}

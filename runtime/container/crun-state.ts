import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { overwriteJson } from '../linux/overwrite.js'
import { signal, startTime } from '../linux/process.js'
import { run } from '../linux/spawn.js'
import { type Crun, globalArguments } from './crun.js'

/**
 * What crun keeps of its containers, in files that are its own affair: they are read and written here and nowhere else.
 * Where they are not as known, crun's commands serve instead; only a move cannot be told to it then.
 */
export interface CrunState {
  /**
   * Looks at the first container that was started. crun was sealed at the start of this process, so that all that
   * follow are kept in the same form.
   */
  learn(id: string): void
  /** Whether crun can be told that a container was moved. No command of crun does that. */
  readonly relocates: boolean
  /** The container's first process; undefined when there is no such container. */
  initOf(id: string): number | undefined
  /**
   * Kills the first process of the container, with which all others of its namespace die, and removes crun's state of
   * it. One that is gone already is no error. The processes may take a moment more: their cgroup tells when the last is
   * dead. `crun delete --force` does the same and takes 16 ms, most of which it sleeps.
   */
  remove(id: string): Promise<void>
  /** Tells crun that the container's processes were moved, after which exec follows. Nothing is told of one that is gone. */
  relocated(id: string, cgroup: string): void
  /** Containers that crun knows of. */
  list(): Promise<string[]>
}

/** As crun 1.8 writes it (src/libcrun/status.c), as far as it is used here. What else is there is kept; it has no version. */
const status = z.looseObject({
  pid: z.int().positive(),
  'process-start-time': z.int().nonnegative(),
  'cgroup-path': z.string(),
  'systemd-cgroup': z.literal(false),
})

/** What `crun state` prints: the OCI runtime specification names it. */
const ociState = z.object({ pid: z.int().nonnegative() })

export function crunState(crun: Crun): CrunState {
  const directoryOf = (id: string) => join(crun.root, id)
  const fileOf = (id: string) => join(directoryOf(id), 'status')
  const statusOf = (id: string): z.infer<typeof status> | undefined => {
    try {
      return status.parse(JSON.parse(readFileSync(fileOf(id), 'utf8')))
    } catch {
      return undefined // there is none, or it is not as known
    }
  }
  const args = (...command: string[]) => [...globalArguments(crun), ...command]
  let known: boolean | undefined

  return {
    learn: (id) => {
      known ??= statusOf(id) !== undefined
    },
    get relocates() {
      return known !== false
    },
    initOf(id) {
      const found = statusOf(id)
      if (found !== undefined) return found.pid
      if (!existsSync(directoryOf(id))) return undefined
      const { status: code, stdout } = spawnSync(crun.program, args('state', id), { encoding: 'utf8' })
      return code === 0 ? ociState.parse(JSON.parse(stdout)).pid || undefined : undefined
    },
    async remove(id) {
      const found = statusOf(id)
      if (found === undefined && existsSync(directoryOf(id))) {
        // It fails where crun cannot read its state either: then there is nothing that it could kill.
        await run(crun.program, args('delete', '--force', id)).catch(() => {})
      } else if (found !== undefined && startTime(found.pid) === found['process-start-time']) {
        signal(found.pid, 'SIGKILL')
      }
      rmSync(directoryOf(id), { recursive: true, force: true })
    },
    relocated(id, cgroup) {
      const found = statusOf(id)
      if (found !== undefined) overwriteJson(fileOf(id), { ...found, 'cgroup-path': cgroup })
    },
    list: () => readdir(crun.root).catch(() => []),
  }
}

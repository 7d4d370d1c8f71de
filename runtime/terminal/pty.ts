import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '../../protocol/api/index.js'
import { ContainerError } from '../container/crun.js'
import type { OciRuntimes } from '../container/oci-runtimes.js'
import { startRefusal } from '../container/refusal.js'
import { isExiting, type Reaper, startTime } from '../linux/process.js'
import { asTenants } from './priority.js'
import { accept, listenUnix, receiveDescriptor } from './syscalls.js'

/** What starts processes in containers, and where it may leave files. */
export interface PtyMaker {
  readonly ociRuntimes: OciRuntimes
  readonly reaper: Reaper
  /** A directory of its own. */
  readonly scratch: string
}

/** The host's end of a pseudo-terminal whose other end is a process's controlling terminal inside. */
export interface Pty {
  readonly fd: number
  /** The process, as the host sees it: a child of this process once crun is gone. */
  readonly pid: number
}

/**
 * Starts a process on a new pseudo-terminal of the container's own devpts. crun makes it and sends the host's
 * end over a socket, so nothing stands between this process and the shell: a node-pty around `crun exec --tty`
 * costs 3 MB and one more copy for each terminal.
 *
 * @param process in OCI form, with `terminal: true`
 * @param inherited a descriptor that the process gets as number 3
 * @throws RuntimeRefusal of `startRefusal` when it cannot be started
 */
export async function openPty(
  { ociRuntimes, scratch }: PtyMaker,
  container: string,
  process: object,
  inherited?: number,
): Promise<Pty> {
  const name = join(scratch, newId('pt'))
  const files = { process: `${name}.json`, pid: `${name}.pid`, log: `${name}.log`, console: `${name}.sock` }
  const listening = listenUnix(files.console)
  const nothing = openSync('/dev/null', 'r+')
  try {
    writeFileSync(files.process, JSON.stringify(process), { mode: 0o600 })
    const more = inherited === undefined ? [] : [inherited]
    const stdio = [nothing, nothing, nothing, ...more] as const
    const ociRuntime = ociRuntimes.ofContainer(container)
    const { pid } = await asTenants(() => ociRuntime.exec(container, files, stdio))
    // crun has ended, so what it sent is waiting.
    const connection = accept(listening)
    try {
      return { fd: receiveDescriptor(connection), pid }
    } finally {
      closeSync(connection)
    }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error
    throw await startRefusal(error, "the terminal's program", () => {
      const init = ociRuntimes.ofContainer(container).initOf(container)
      return init !== undefined && startTime(init) !== undefined && !isExiting(init)
    })
  } finally {
    closeSync(listening)
    closeSync(nothing)
    for (const file of Object.values(files)) rmSync(file, { force: true })
  }
}

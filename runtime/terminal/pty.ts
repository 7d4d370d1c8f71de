import type { StdioOptions } from 'node:child_process'
import { closeSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '../../protocol/index.js'
import { execArguments, type OciRuntime } from '../container/crun.js'
import { RuntimeRefusal } from '../errors.js'
import { CommandError, run } from '../linux/spawn.js'
import { atNormalPriority } from './priority.js'
import { accept, listenUnix, receiveDescriptor } from './syscalls.js'

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
 * @throws RuntimeRefusal `invalid_request` with crun's words when it cannot be started
 */
export async function openPty(
  oci: OciRuntime,
  container: string,
  scratch: string,
  process: object,
  inherited?: number,
): Promise<Pty> {
  const name = join(scratch, newId('pt'))
  const files = { process: `${name}.json`, pid: `${name}.pid`, log: `${name}.log`, socket: `${name}.sock` }
  const listening = listenUnix(files.socket)
  try {
    writeFileSync(files.process, JSON.stringify(process), { mode: 0o600 })
    const args = execArguments(oci, container, files)
    args.splice(args.indexOf('--detach'), 0, '--console-socket', files.socket)
    if (inherited !== undefined) args.splice(args.indexOf('--detach'), 0, '--preserve-fds', '1')
    const stdio: StdioOptions = ['ignore', 'ignore', 'ignore']
    if (inherited !== undefined) stdio.push(inherited)
    await atNormalPriority(() => run(oci.program, args, { stdio }))
    // crun has ended, so what it sent is waiting.
    const connection = accept(listening)
    try {
      return { fd: receiveDescriptor(connection), pid: Number(await readFile(files.pid, 'utf8')) }
    } finally {
      closeSync(connection)
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const words = await readFile(files.log, 'utf8').catch(() => '')
    throw new RuntimeRefusal(
      'invalid_request',
      `the terminal cannot be opened: ${words.trim() || error.message}`,
    )
  } finally {
    closeSync(listening)
    for (const file of Object.values(files)) rmSync(file, { force: true })
  }
}

import { closeSync, fchownSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '../../protocol/api/index.js'
import { ContainerError } from '../container/crun.js'
import { startRefusal } from '../container/refusal.js'
import { type InsideUser, uidOf } from '../container/spec.js'
import { pipe } from '../linux/libc.js'
import { outputPipe } from '../linux/output-pipe.js'
import { isExiting } from '../linux/process.js'
import { isAlive } from './lifecycle.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

/** A process that was started inside, and our ends of its pipes. */
export interface Spawned {
  readonly pid: number
  readonly stdin: number
  readonly stdout: number
  readonly stderr: number
  /** Kills the process and its descendants. */
  kill(): void
}

/**
 * Starts a process in a sandbox. Its streams are real pipes, so `/dev/stdout` can be opened inside, and it is
 * this process's child once crun is gone, so its exit code and signal are the kernel's own words.
 *
 * @param process in OCI form, from `processSpec`
 * @param owner of the pipes
 * @param inherited a descriptor that the process gets as number 3
 * @throws RuntimeRefusal of `startRefusal`: `invalid_request` for an unknown program or directory, say
 */
export async function spawnInside(
  node: NodeContext,
  sandbox: SandboxRecord,
  process: object,
  owner: InsideUser,
  inherited?: number,
): Promise<Spawned> {
  const name = join(node.scratch, newId('ex'))
  const files = { process: `${name}.json`, pid: `${name}.pid`, log: `${name}.log` }
  writeFileSync(files.process, JSON.stringify(process), { mode: 0o600 })
  const [stdin, stdout, stderr] = [pipe(), outputPipe(), outputPipe()]
  // Opening /dev/stdout inside opens the pipe anew, by its owner and mode.
  const uid = node.slot.uidBase(sandbox.index) + uidOf(owner)
  for (const end of [stdin.readEnd, stdout.writeEnd, stderr.writeEnd]) fchownSync(end, uid, uid)
  try {
    const more = inherited === undefined ? [] : [inherited]
    const stdio = [stdin.readEnd, stdout.writeEnd, stderr.writeEnd, ...more] as const
    const ociRuntime = node.ociRuntimes.of(sandbox.isolation)
    const executed = await ociRuntime.exec(sandbox.id, files, stdio)
    const kill = () => {
      ociRuntime.kill(sandbox.id, executed).catch((error: unknown) => {
        node.log.error({ error, id: sandbox.id }, 'a command cannot be killed')
      })
    }
    const ends = { stdin: stdin.writeEnd, stdout: stdout.readEnd, stderr: stderr.readEnd }
    return { pid: executed.pid, kill, ...ends }
  } catch (error) {
    for (const fd of [stdin.writeEnd, stdout.readEnd, stderr.readEnd]) closeSync(fd)
    if (!(error instanceof ContainerError)) throw error
    throw await startRefusal(
      error,
      'the command',
      () => sandbox.init !== null && isAlive(sandbox) && !isExiting(sandbox.init.pid),
    )
  } finally {
    for (const fd of [stdin.readEnd, stdout.writeEnd, stderr.writeEnd]) closeSync(fd)
    for (const file of Object.values(files)) rmSync(file, { force: true })
  }
}

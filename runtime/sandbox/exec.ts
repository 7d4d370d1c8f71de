import { closeSync, fchownSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { ExecExit, ExecRequest } from '../../protocol/index.js'
import { newId } from '../../protocol/index.js'
import { ContainerError, execInContainer } from '../container/crun.js'
import { insideEnvironment, processSpec, uidOf } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
import { pipe } from '../linux/libc.js'
import { killTree } from '../linux/process.js'
import type { NodeContext } from './node.js'
import type { Record } from './record.js'

/** A command that runs inside a sandbox. */
export interface RunningExec {
  readonly stdout: Socket
  readonly stderr: Socket
  /** Kills the command and its descendants. */
  kill(): void
  /** Resolves when the command itself has ended, whoever still holds its output. */
  readonly exit: Promise<ExecExit>
}

/**
 * Runs a command in a sandbox. Its streams are real pipes, so `/dev/stdout` can be opened inside, and it is
 * this process's child once crun is gone, so its exit code and signal are the kernel's own words.
 *
 * @throws RuntimeRefusal `invalid_request` when it cannot be started, such as an unknown program or directory
 */
export async function startExec(node: NodeContext, box: Record, request: ExecRequest): Promise<RunningExec> {
  const name = join(node.scratch, newId('ex'))
  const files = { process: `${name}.json`, pid: `${name}.pid`, log: `${name}.log` }
  const args = typeof request.command === 'string' ? ['/bin/sh', '-c', request.command] : request.command
  const env = insideEnvironment(request.user, box.env, request.env ?? {})
  writeFileSync(
    files.process,
    JSON.stringify(processSpec({ args, env, cwd: request.cwd, user: request.user })),
    {
      mode: 0o600,
    },
  )
  const [stdin, stdout, stderr] = [pipe(), pipe(), pipe()]
  // Opening /dev/stdout inside opens the pipe anew, by its owner and mode.
  const owner = node.slot.uidBase(box.index) + uidOf(request.user)
  for (const end of [stdin.readEnd, stdout.writeEnd, stderr.writeEnd]) fchownSync(end, owner, owner)
  const began = performance.now()
  try {
    const stdio = [stdin.readEnd, stdout.writeEnd, stderr.writeEnd] as const
    const pid = await execInContainer(node.oci, node.reaper, box.id, files, stdio)
    return watch(node, pid, request, began, {
      stdin: stdin.writeEnd,
      stdout: stdout.readEnd,
      stderr: stderr.readEnd,
    })
  } catch (error) {
    for (const fd of [stdin.writeEnd, stdout.readEnd, stderr.readEnd]) closeSync(fd)
    if (!(error instanceof ContainerError)) throw error
    throw new RuntimeRefusal('invalid_request', `the command cannot be started: ${error.message}`)
  } finally {
    for (const fd of [stdin.readEnd, stdout.writeEnd, stderr.writeEnd]) closeSync(fd)
    for (const file of Object.values(files)) rmSync(file, { force: true })
  }
}

function watch(
  node: NodeContext,
  pid: number,
  request: ExecRequest,
  began: number,
  ends: { stdin: number; stdout: number; stderr: number },
): RunningExec {
  const stdout = new Socket({ fd: ends.stdout, readable: true, writable: false })
  const stderr = new Socket({ fd: ends.stderr, readable: true, writable: false })
  const stdin = new Socket({ fd: ends.stdin, readable: false, writable: true })
  // A command that ends without reading its input breaks the pipe; its exit code tells the rest.
  stdin.on('error', () => stdin.destroy()).end(Buffer.from(request.stdin ?? '', request.encoding))
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    killTree(pid)
  }, request.timeoutMs)
  const exit = node.reaper.wait(pid).then((status) => {
    clearTimeout(timer)
    stdin.destroy()
    return { ...status, timedOut, durationMs: performance.now() - began }
  })
  return { stdout, stderr, kill: () => killTree(pid), exit }
}

import { Socket } from 'node:net'
import { hrtime } from 'node:process'
import type { ExitStatus, StepLimits } from '../../protocol/api/index.js'
import type { CgroupStats, StepCgroup } from '../cgroup/step.js'
import type { OutputPipe } from '../linux/output-pipe.js'
import { PipedProcess } from '../process/piped.js'
import type { NodeContext } from '../sandbox/node.js'
import { OutputBuffer } from './output-buffer.js'
import type { StagedExec } from './staged-exec.js'

/** Processor time is looked at so often at least; near the limit as often as it could be reached. */
const cpuLookMs = 100

/**
 * Limits that we hold a program to; those that the kernel holds it to show in its statistics. `released`: it was ended
 * because nobody listens to it any more.
 */
export type Passed = 'wall' | 'cpu' | 'output' | 'canceled' | 'released'

/** How a program went. */
export interface Outcome extends CgroupStats {
  readonly exit: ExitStatus
  readonly passed: Passed | null
  readonly wallUs: number
  readonly stdout: OutputBuffer
  readonly stderr: OutputBuffer
  /** Processes that were alive when it had ended. They are dead now. */
  readonly leftProcesses: number
}

/** What a program is given and held to. */
export interface Program {
  /** null: `opened` has it written. */
  readonly stdin: Buffer | null
  readonly limits: Omit<StepLimits, 'memoryMiB' | 'pids'>
  readonly cpus: number
  /** Of each stream's beginning, within the limit; all of it where it is left out. */
  readonly keptBytes?: number
  /** @param pipe can be paused while whoever is told cannot take more */
  onOutput(stream: 'stdout' | 'stderr', chunk: Buffer, pipe: OutputPipe): void
  /** Before it begins. */
  opened?(process: PipedProcess): void
  /** Before it is killed at a limit of ours. */
  passing?(why: Passed): void
  /** Ends it, when nobody listens to it any more. */
  readonly released?: AbortSignal
}

/**
 * Lets a staged exec become its program, and waits until the program and everything it has started are gone. The end
 * is the program's own: what it left behind, holding its output or not, is killed then.
 */
export async function runProgram(
  node: NodeContext,
  staged: StagedExec,
  group: StepCgroup,
  program: Program,
  canceled: AbortSignal,
): Promise<Outcome> {
  const { limits, keptBytes = limits.outputBytes } = program
  let passed: Passed | null = null
  let killing: Promise<void> | undefined
  const stop = (why: Passed) => {
    if (passed === null) program.passing?.(why)
    passed ??= why
    killing ??= group.kill()
  }
  const [stdout, stderr] = [new OutputBuffer(), new OutputBuffer()]
  const kept = { stdout, stderr }
  const process = new PipedProcess(staged, node.reaper)
  process.read((stream, chunk, pipe) => {
    const room = limits.outputBytes - stdout.bytes - stderr.bytes
    kept[stream].push(chunk, Math.min(room, keptBytes - kept[stream].kept))
    if (room > 0) program.onOutput(stream, chunk.subarray(0, room), pipe)
    if (stdout.bytes + stderr.bytes > limits.outputBytes) stop('output')
  })
  const control = new Socket({ fd: staged.control, readable: false, writable: true })
  control.on('error', () => control.destroy()) // it has ended: its exit status tells the rest
  const cancel = () => stop('canceled')
  canceled.addEventListener('abort', cancel)
  if (canceled.aborted) cancel()
  const release = () => stop('released')
  program.released?.addEventListener('abort', release)
  program.opened?.(process)

  const began = hrtime.bigint()
  if (program.stdin !== null) process.stdin.end(program.stdin)
  control.end(staged.open)
  const wall = setTimeout(() => stop('wall'), limits.wallMs)
  const cpu = watchCpu(group, limits.cpuMs, program.cpus, () => stop('cpu'))
  try {
    const exit = await process.exit()
    const wallUs = Number((hrtime.bigint() - began) / 1000n)
    const left = group.processes().length
    killing ??= group.kill()
    await killing
    process.finish()
    const stats = group.stats()
    // It may have passed the limit between the last look and its end.
    if (stats.cpuUs > limits.cpuMs * 1000) passed ??= 'cpu'
    return { ...stats, exit, passed, wallUs, stdout, stderr, leftProcesses: passed === null ? left : 0 }
  } finally {
    clearTimeout(wall)
    cpu.stop()
    canceled.removeEventListener('abort', cancel)
    program.released?.removeEventListener('abort', release)
    process.close()
    control.destroy()
  }
}

function watchCpu(group: StepCgroup, limitMs: number, cpus: number, passed: () => void): { stop(): void } {
  let timer: NodeJS.Timeout
  const look = () => {
    const used = usedUs(group)
    if (used === undefined) return
    const leftMs = limitMs - used / 1000
    if (leftMs < 0) return passed()
    timer = setTimeout(look, Math.min(cpuLookMs, Math.max(1, leftMs / cpus)))
  }
  timer = setTimeout(look, Math.min(cpuLookMs, limitMs / cpus))
  return { stop: () => clearTimeout(timer) }
}

/** @returns undefined when the group is gone, as when the node is shut down: then its programs are dead */
function usedUs(group: StepCgroup): number | undefined {
  try {
    return group.cpuUs()
  } catch {
    return undefined
  }
}

import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { StepCgroup } from '../cgroup/step.js'
import { waitingBytes } from '../linux/drain.js'
import type { OutputPipe } from '../linux/output-pipe.js'
import { isExiting } from '../linux/process.js'
import type { PipedProcess } from '../process/piped.js'
import type { NodeContext } from '../sandbox/node.js'
import { type Outcome, type Passed, type Program, runProgram } from './program.js'
import type { StagedExec } from './staged-exec.js'
import { type Speaker, TranscriptBuffer } from './transcript.js'

/** A program whose judge has ended has so long to end by itself. */
const graceMs = 1000

/** One of two programs that are connected, ready to begin. */
export interface Side {
  readonly staged: StagedExec
  readonly group: StepCgroup
  readonly program: Program
}

/** Whose turn it was when the time was over, and how that is known. */
export interface Turn {
  readonly of: Speaker
  readonly why: string
}

/** How both went. */
export interface Conversation {
  readonly program: Outcome
  readonly judge: Outcome
  readonly first: Speaker
  /** Where one of them ran into its time limit. */
  readonly stuck: Turn | null
  readonly transcript: TranscriptBuffer
}

/**
 * Runs a program and its judge side by side, each in its sandbox, with pipes of its own whose other ends are here: what
 * one writes is handed to the other. Neither holds a descriptor that the other one has, so neither can reopen, resize or
 * keep the other's pipe, and a side that ends or closes early breaks nothing: the other reads the end of its input,
 * and what it still writes is dropped.
 */
export async function converse(
  node: NodeContext,
  sides: Readonly<Record<Speaker, Side>>,
  canceled: AbortSignal,
): Promise<Conversation> {
  const transcript = new TranscriptBuffer()
  const processes = new Map<Speaker, PipedProcess>()
  const ended: Speaker[] = []
  const release = new AbortController()
  let stuck: Turn | null = null
  let grace: NodeJS.Timeout | undefined

  const run = async (who: Speaker, other: Speaker): Promise<Outcome> => {
    const { staged, group, program } = sides[who]
    try {
      return await runProgram(
        node,
        staged,
        group,
        {
          ...program,
          ...(who === 'program' ? { stdin: null, released: release.signal } : { stdin: null }),
          opened: (process) => {
            processes.set(who, process)
            // Its end closes its output too, and is told below, so that it is known to have come first.
            process.onSilence(() => {
              if (!isExiting(process.started.pid)) processes.get(other)?.stdin.end()
            })
          },
          passing: (why: Passed) => {
            // What is decided stays decided.
            if (why === 'wall' && !ended.includes('judge')) stuck ??= turnOf(processes, sides, ended)
          },
          onOutput: (stream, chunk, pipe) => {
            if (stream === 'stderr') return program.onOutput(stream, chunk, pipe)
            transcript.add(who, chunk)
            hand(chunk, pipe, processes.get(other)?.stdin)
          },
        },
        canceled,
      )
    } finally {
      ended.push(who)
      processes.get(other)?.stdin.end()
      if (who === 'judge') grace = setTimeout(() => release.abort(), graceMs)
    }
  }
  // Both begin in this turn of the event loop: nothing is read before both are there.
  const [program, judge] = await Promise.allSettled([run('program', 'judge'), run('judge', 'program')])
  clearTimeout(grace)
  if (program.status === 'rejected') throw program.reason
  if (judge.status === 'rejected') throw judge.reason
  const first = ended[0] ?? 'program'
  return { program: program.value, judge: judge.value, first, stuck, transcript }
}

/** Gives on what was written. Whoever writes faster than the other reads has to wait, as at a pipe of their own. */
function hand(chunk: Buffer, from: OutputPipe, to: Socket | undefined): void {
  if (to === undefined || !to.writable) return
  if (to.write(chunk)) return
  from.pause()
  const resume = () => {
    to.off('drain', resume).off('close', resume)
    from.resume()
  }
  to.on('drain', resume).on('close', resume)
}

/** As far as it can be told by what has not been read, and by who waits. To be called while both are there. */
function turnOf(
  processes: ReadonlyMap<Speaker, PipedProcess>,
  sides: Readonly<Record<Speaker, Side>>,
  ended: readonly Speaker[],
): Turn {
  if (ended.includes('program')) return { of: 'judge', why: 'the program had ended' }
  const [unread, undecided] = [unreadBytes(processes.get('program')), unreadBytes(processes.get('judge'))]
  if (unread > 0) return { of: 'program', why: `it had not read ${unread} bytes of the judge` }
  if (undecided > 0) return { of: 'judge', why: `it had not read ${undecided} bytes of the program` }
  if (!waitsForInput(sides.judge.group)) return { of: 'judge', why: 'it was not waiting for input' }
  return waitsForInput(sides.program.group)
    ? { of: 'program', why: 'both waited for the other to write; is output flushed after each line?' }
    : { of: 'program', why: 'the judge waited for it' }
}

/** What was written to a process and not read by it. */
function unreadBytes(process: PipedProcess | undefined): number {
  if (process === undefined || process.stdin.destroyed) return 0
  return waitingBytes(process.started.stdin) + process.stdin.writableLength
}

/** Whether a process of the group waits at a pipe or in poll(2). @see proc_pid_wchan(5) */
function waitsForInput(group: StepCgroup): boolean {
  return group.processes().some((pid) => {
    try {
      return /pipe_read|poll|do_select/.test(readFileSync(`/proc/${pid}/wchan`, 'utf8'))
    } catch {
      return false // it has ended meanwhile
    }
  })
}

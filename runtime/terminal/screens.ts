import { readFileSync, readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { parentPort, Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type TerminalSize, terminalSize } from '../../protocol/api/index.js'
import type { TerminalEvent } from './screen.js'

/** Processor time that a screen may take. A few MiB take a tenth of it; what takes more was made to. */
const cpuPatienceMs = 3000
/** However little processor time the thread gets on a busy machine, somebody waits. */
const patienceMs = 60_000
const tickMs = 500
/** Below the terminals themselves, for which somebody waits at a keyboard. */
const niceness = 5
const heapMiB = 256

interface Job {
  readonly size: TerminalSize
  readonly happened: readonly TerminalEvent[]
  done(screen: Uint8Array): void
  failed(error: Error): void
}

/** Nobody could draw this terminal: its output is made to be endless work, or xterm.js fails on it. */
export class UndrawableScreen extends Error {
  override readonly name = 'UndrawableScreen'
}

const answer = z.union([
  z.object({ thread: z.string() }),
  z.object({ screen: z.instanceof(Uint8Array) }),
  z.object({ failure: z.string() }),
])

/**
 * Draws screens in a thread of its own, one after the other, so that no terminal's echo ever waits for one. The
 * thread begins with the first screen that is needed, and is given up when a terminal's output keeps it too long.
 */
export class Screens {
  readonly #jobs: Job[] = []
  #worker: Worker | undefined
  /** Its directory below /proc, once it has begun. */
  #thread: string | undefined
  #tick: NodeJS.Timeout | undefined

  /** @param entry a module that calls `drawForParent` when it is not in the main thread */
  constructor(
    private readonly entry: URL,
    private readonly log: Logger,
  ) {}

  /**
   * @param urgent somebody waits for it
   * @throws UndrawableScreen
   */
  draw(size: TerminalSize, happened: readonly TerminalEvent[], urgent: boolean): Promise<Uint8Array> {
    return new Promise((done, failed) => {
      const job = { size, happened, done, failed }
      // The first one is in the thread's hands already.
      if (urgent) this.#jobs.splice(1, 0, job)
      else this.#jobs.push(job)
      if (this.#jobs.length === 1) this.#begin()
    })
  }

  #begin(): void {
    const job = this.#jobs[0]
    if (job === undefined) return
    this.#worker ??= this.#open()
    this.#worker.postMessage({ size: job.size, happened: job.happened })
    const began = { at: performance.now(), cpuMs: cpuMsOf(this.#thread) }
    this.#tick = setInterval(() => {
      const cpuMs = cpuMsOf(this.#thread) - began.cpuMs
      if (cpuMs > cpuPatienceMs || performance.now() - began.at > patienceMs) {
        this.#giveUp(`a screen takes more than ${cpuMs} ms`)
      }
    }, tickMs)
  }

  #open(): Worker {
    const worker = new Worker(this.entry, { resourceLimits: { maxOldGenerationSizeMb: heapMiB } })
    worker.unref()
    worker.on('message', (message) => {
      const said = answer.parse(message)
      if ('thread' in said) {
        this.#thread = said.thread
        return
      }
      if ('screen' in said) this.#end()?.done(said.screen)
      else this.#fail(said.failure)
      this.#begin()
    })
    worker.on('error', (error) => this.#giveUp(error.message))
    return worker
  }

  #end(): Job | undefined {
    clearInterval(this.#tick)
    return this.#jobs.shift()
  }

  #giveUp(reason: string): void {
    const worker = this.#worker
    this.#worker = undefined
    this.#thread = undefined
    worker
      ?.removeAllListeners('message')
      .removeAllListeners('error')
      .on('error', () => {})
    void worker?.terminate()
    this.#fail(reason)
    this.#begin()
  }

  #fail(reason: string): void {
    this.log.warn({ reason }, 'a terminal cannot be drawn')
    this.#end()?.failed(new UndrawableScreen(reason))
  }
}

/** Processor time that a thread has used. @see proc_pid_stat(5) */
function cpuMsOf(thread: string | undefined): number {
  if (thread === undefined) return 0
  const stat = readFileSync(join('/proc', thread, 'stat'), 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticksPerSecond = 100
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

const request = z.object({
  size: terminalSize,
  happened: z.array(z.union([z.instanceof(Uint8Array), terminalSize])),
})

/** What the thread of `Screens` does. The emulator is loaded here only. */
export async function drawForParent(): Promise<void> {
  // Linux takes 0 for the calling thread, not for the whole process.
  setPriority(0, niceness)
  parentPort?.postMessage({ thread: readlinkSync('/proc/thread-self') })
  const { drawScreen } = await import('./screen.js')
  parentPort?.on('message', async (message) => {
    const { size, happened } = request.parse(message)
    try {
      parentPort?.postMessage({ screen: await drawScreen(size, happened) })
    } catch (error) {
      parentPort?.postMessage({ failure: error instanceof Error ? error.message : String(error) })
    }
  })
}

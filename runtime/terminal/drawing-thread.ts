import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { z } from 'zod'

/** Processor time that a screen may take. A few MiB take a tenth of it; what takes more was made to. */
const cpuPatienceMs = 3000
/** However little processor time the thread gets on a busy machine, somebody waits. */
const patienceMs = 60_000
const tickMs = 500
const heapMiB = 256

interface Job {
  readonly message: unknown
  done(answer: unknown): void
  failed(error: Error): void
}

/** Nobody could draw this terminal: its output is made to be endless work, or xterm.js fails on it. */
export class UndrawableScreen extends Error {
  override readonly name = 'UndrawableScreen'
}

const own = z.union([z.object({ thread: z.string() }), z.object({ failure: z.string() })])

/**
 * A thread that draws, one thing after the other, so that no terminal's echo ever waits for it. It begins with the first thing that
 * is needed, and is given up when one keeps it too long.
 */
export class DrawingThread {
  readonly #jobs: Job[] = []
  #worker: Worker | undefined
  /** Its directory below /proc, once it has begun. */
  #thread: string | undefined
  #tick: NodeJS.Timeout | undefined

  /**
   * @param entry a module that calls `drawForParent` when it is not in the main thread
   * @param lost called when the thread ends, with all that it remembers
   */
  constructor(
    private readonly entry: URL,
    private readonly log: Logger,
    private readonly lost: () => void = () => {},
  ) {}

  /**
   * @param urgent somebody waits for it
   * @throws UndrawableScreen
   */
  ask(message: unknown, urgent: boolean): Promise<unknown> {
    return new Promise((done, failed) => {
      const job = { message, done, failed }
      // The first one is in the thread's hands already.
      if (urgent) this.#jobs.splice(1, 0, job)
      else this.#jobs.push(job)
      if (this.#jobs.length === 1) this.#begin()
    })
  }

  /** Ends it when it has nothing to do; the next thing begins it again. @returns whether it did */
  rest(): boolean {
    if (this.#jobs.length > 0) return false
    this.#drop()
    return true
  }

  #begin(): void {
    const job = this.#jobs[0]
    if (job === undefined) return
    this.#worker ??= this.#open()
    this.#worker.postMessage(job.message)
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
      const { data: said } = own.safeParse(message)
      if (said !== undefined && 'thread' in said) {
        this.#thread = said.thread
        return
      }
      if (said === undefined) this.#end()?.done(message)
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

  #drop(): void {
    const worker = this.#worker
    this.#worker = undefined
    this.#thread = undefined
    worker
      ?.removeAllListeners('message')
      .removeAllListeners('error')
      .on('error', () => {})
    void worker?.terminate()
    this.lost()
  }

  #giveUp(reason: string): void {
    this.#drop()
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

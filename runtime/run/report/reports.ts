import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { type RunReport, runBounds, type TestReport, testReport } from '../../../protocol/api/index.js'
import { RuntimeRefusal } from '../../errors.js'
import { readFile } from '../../files/read.js'
import { refusing } from '../../files/refusal.js'
import type { FilesRoot } from '../../files/root.js'
import { statPath } from '../../files/tree.js'
import { unreadable } from './parse.js'

/** A report of the largest size takes a tenth of it. */
const patienceMs = 5000
/** The thread without work is kept for so long. */
const idleMs = 60_000
const heapMiB = 128

const answer = z.object({ id: z.number(), report: testReport })

interface Job {
  readonly content: Buffer
  readonly format: RunReport['format']
  done(report: TestReport): void
}

/** Reads files about tests in a thread, one after the other. One that takes too long costs its thread. */
export class Reports {
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #ids = 0
  #last: Promise<unknown> = Promise.resolve()

  /** @param program the module that calls `runReportThread` in a thread: this program itself */
  constructor(private readonly program: string) {}

  /** A report in a sandbox in which no program runs. Never throws for what programs have done there. */
  async read(root: FilesRoot, { path, format }: RunReport): Promise<TestReport> {
    try {
      const entry = await refusing(path, async () => statPath(root, path))
      if (entry.type !== 'file') return unreadable(`${path} is not a regular file`, format)
      if (entry.sizeBytes > runBounds.reportBytes) {
        const most = runBounds.reportBytes
        return unreadable(`${path} has ${entry.sizeBytes} bytes; at most ${most} are read`, format)
      }
      const chunks: Buffer[] = []
      for await (const chunk of (await refusing(path, () => readFile(root, path))).content) chunks.push(chunk)
      const report = await this.parse(Buffer.concat(chunks), format)
      return report.problem === null ? report : { ...report, problem: `${path}: ${report.problem}` }
    } catch (error) {
      if (!(error instanceof RuntimeRefusal)) throw error
      return unreadable(error.code === 'file_not_found' ? `${path} was not written` : error.message, format)
    }
  }

  parse(content: Buffer, format: RunReport['format']): Promise<TestReport> {
    const turn = this.#last.then(
      () => new Promise<TestReport>((done) => this.#begin({ content, format, done })),
    )
    this.#last = turn
    return turn
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #begin({ content, format, done }: Job): void {
    clearTimeout(this.#idle)
    const worker = this.#worker ?? this.#start()
    const id = ++this.#ids
    const end = (report: TestReport) => {
      clearTimeout(late)
      worker.off('message', hear).off('exit', lost)
      this.#idle = setTimeout(() => void this.close(), idleMs).unref()
      done(report)
    }
    const hear = (message: unknown) => {
      const heard = answer.parse(message)
      if (heard.id === id) end(heard.report)
    }
    const lost = () => {
      if (this.#worker === worker) this.#worker = undefined
      end(unreadable('it could not be read within the time and memory for reports', format))
    }
    const late = setTimeout(() => void worker.terminate(), patienceMs)
    worker.on('message', hear).on('exit', lost)
    worker.postMessage({ id, content, format })
  }

  #start(): Worker {
    const worker = new Worker(new URL(this.program), {
      ...{ workerData: { thread: 'report' }, trackUnmanagedFds: false },
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    })
    // A runtime that has nothing else to do may end.
    worker.unref()
    worker.on('error', () => {}) // told by its exit
    this.#worker = worker
    return worker
  }
}

import { Worker } from 'node:worker_threads'
import { type CompareAnswer, type CompareRequest, compareAnswer } from './messages.js'

/** What tenants wrote, and what their programs print, decides how long a comparison takes: never on the thread that answers. */
const diffMs = 2000
const regexMs = 1000
const startMs = 30_000
/** A thread without work is kept for so long. */
const idleMs = 60_000

/** Compares texts on a thread of its own, one pair after the other. One that takes too long is ended, and has no answer. */
export class Comparer implements AsyncDisposable {
  #thread: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()
  #idle: NodeJS.Timeout | undefined

  /** @param program the built `thread.ts` */
  constructor(private readonly program: URL) {}

  /** As `diff -u` has it. @returns undefined when they are too different to be compared in time */
  async patch(path: string, before: string, after: string): Promise<string | undefined> {
    const answer = await this.#ask({ act: 'diff', path, before, after }, diffMs)
    return answer !== undefined && 'patch' in answer ? (answer.patch ?? undefined) : undefined
  }

  /** Whether a pattern is found in a text, with `^` and `$` at each line. @returns undefined when it is none, or takes too long */
  async isFound(pattern: string, text: string): Promise<boolean | undefined> {
    const answer = await this.#ask({ act: 'regex', pattern, text }, regexMs)
    return answer !== undefined && 'matches' in answer ? (answer.matches ?? undefined) : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle)
    await this.#thread?.terminate()
  }

  #ask(request: CompareRequest, withinMs: number): Promise<CompareAnswer | undefined> {
    const answer = this.#last.then(() => this.#now(request, withinMs))
    this.#last = answer
    return answer
  }

  /** Never rejects. */
  async #now(request: CompareRequest, withinMs: number): Promise<CompareAnswer | undefined> {
    clearTimeout(this.#idle)
    let thread = this.#thread
    if (thread === undefined) {
      thread = new Worker(this.program)
      thread.unref()
      thread.on('error', () => {}) // then it ends, which whoever waits hears
      // How long it takes to begin is nothing of the comparison.
      await heard(thread, startMs)
    }
    this.#thread = thread
    const answered = heard(thread, withinMs)
    thread.postMessage(request)
    const answer = compareAnswer.safeParse(await answered).data
    if (answer === undefined) {
      this.#thread = undefined
      await thread.terminate()
    } else this.#idle = setTimeout(() => void this.#end(thread), idleMs).unref()
    return answer
  }

  async #end(thread: Worker): Promise<void> {
    if (this.#thread === thread) this.#thread = undefined
    await thread.terminate()
  }
}

/** What a thread says next. @returns undefined when it says nothing in time, or ends */
export async function heard(thread: Worker, withinMs: number): Promise<unknown> {
  let forget = () => {}
  const said = await new Promise<unknown>((resolve) => {
    const none = () => resolve(undefined)
    const late = setTimeout(none, withinMs)
    thread.on('message', resolve).on('error', none).on('exit', none)
    // Not all of its listeners are ours.
    forget = () => {
      clearTimeout(late)
      thread.off('message', resolve).off('error', none).off('exit', none)
    }
  })
  forget()
  return said
}

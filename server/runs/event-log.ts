import type { Run, RunEvent, StepResult } from '../../protocol/api/index.js'

/** One event with the number that `Last-Event-ID` takes. */
export interface Numbered {
  readonly id: number
  readonly event: RunEvent
}

/** Live output that is kept for those who come late; the result holds what matters. */
const keptBytes = 4 * 1024 * 1024
/** Numbers of the next attempt begin above those of this one. */
const perAttempt = 1_000_000

/** What happens in one run, for whoever listens now or comes back. */
export class RunEventLog {
  readonly #events: Numbered[] = []
  #listeners: (() => void)[] = []
  #bytes = 0
  #outputBytes = 0
  #next = 1
  #result: Run | undefined

  /** What an earlier attempt has told is nothing any more. */
  begin(attempt: number): void {
    this.#events.splice(0)
    this.#bytes = 0
    this.#outputBytes = 0
    this.#next = attempt * perAttempt + 1
    this.tell({ type: 'state', state: 'running', attempt })
  }

  tell(event: RunEvent): void {
    if (event.type === 'output') {
      this.#outputBytes += event.content.length
      if (this.#outputBytes > keptBytes) return
    }
    this.#bytes += bytesOf(event)
    this.#events.push({ id: this.#next++, event })
    if (event.type === 'result') this.#result = event.run
    for (const wake of this.#listeners.splice(0)) wake()
  }

  /** What came of it; undefined before its end. */
  get result(): Run | undefined {
    return this.#result
  }

  /** Roughly what it takes in memory. */
  get bytes(): number {
    return this.#bytes
  }

  /** Resolves when the result is there. */
  async end(): Promise<void> {
    while (this.#result === undefined) await this.#news()
  }

  /** Events after number `since`, and what comes then, up to the result. */
  async *listen(since: number): AsyncGenerator<Numbered> {
    let last = since
    for (;;) {
      const fresh = this.#events.filter(({ id }) => id > last)
      for (const one of fresh) {
        last = one.id
        yield one
      }
      if (fresh.length > 0) continue
      if (this.#result !== undefined) return
      await this.#news()
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve))
  }
}

function bytesOf(event: RunEvent): number {
  const printed = ({ stdout, stderr }: StepResult) => stdout.content.length + stderr.content.length
  if (event.type === 'output') return event.content.length
  if (event.type === 'step' || event.type === 'case') return printed(event.result)
  if (event.type !== 'result') return 0
  const { steps, cases, artifacts } = event.run
  return (
    [...steps, ...cases].reduce((sum, one) => sum + printed(one), 0) +
    artifacts.reduce((sum, one) => sum + (one.content?.length ?? 0), 0)
  )
}

import type { Run, RunEvent, StepResult } from '../../protocol/api/index.js'

/** One event with the number that `Last-Event-ID` takes. */
export interface Numbered {
  readonly id: number
  readonly event: RunEvent
}

/** Live output that is kept for those who come late; the result holds what matters. */
const keptBytes = 4 * 1024 * 1024
/** Numbers of the next lease begin above those of this one, whichever server holds it. */
const perLease = 1_000_000

/** What happens in one run, for whoever listens now or comes back. */
export class RunEventLog {
  readonly #events: Numbered[] = []
  #listeners: (() => void)[] = []
  #bytes = 0
  #outputBytes = 0
  #next = 1
  #result: Run | undefined
  #closed = false

  /** What an earlier attempt has told is nothing any more. */
  begin(attempt: number, lease: number): void {
    this.#events.splice(0)
    this.#bytes = 0
    this.#outputBytes = 0
    this.#next = lease * perLease + 1
    this.tell({ type: 'state', state: 'running', attempt })
  }

  tell(event: RunEvent): void {
    if (this.over) return
    if (event.type === 'output') {
      this.#outputBytes += event.content.length
      if (this.#outputBytes > keptBytes) return
    }
    this.#bytes += bytesOf(event)
    this.#events.push({ id: this.#next++, event })
    if (event.type === 'result') this.#result = event.run
    this.#wake()
  }

  /** The run goes on at another server: nothing more comes here. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  /** Nothing more comes. */
  get over(): boolean {
    return this.#closed || this.#result !== undefined
  }

  /** What came of it; undefined before its end. */
  get result(): Run | undefined {
    return this.#result
  }

  /** Roughly what it takes in memory. */
  get bytes(): number {
    return this.#bytes
  }

  /** Resolves when nothing more comes. */
  async end(): Promise<void> {
    while (!this.over) await this.news()
  }

  /** Events after number `since`, and what comes then, up to the result. */
  async *listen(since: number): AsyncGenerator<Numbered> {
    let last = since
    for (;;) {
      const fresh = this.after(last)
      for (const one of fresh) {
        last = one.id
        yield one
      }
      if (fresh.length > 0) continue
      if (this.over) return
      await this.news()
    }
  }

  /** Events after number `since` that are there by now. */
  after(since: number): Numbered[] {
    return this.#events.filter(({ id }) => id > since)
  }

  /** Resolves when there is another event, or nothing more comes. */
  news(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#listeners.splice(0)) wake()
  }
}

function bytesOf(event: RunEvent): number {
  const printed = ({ stdout, stderr, judge, report }: StepResult) =>
    stdout.content.length +
    stderr.content.length +
    (judge || report ? JSON.stringify([judge, report]).length : 0)
  if (event.type === 'output') return event.content.length
  if (event.type === 'step' || event.type === 'case') return printed(event.result)
  if (event.type !== 'result') return 0
  const { steps, cases, artifacts } = event.run
  return (
    [...steps, ...cases].reduce((sum, one) => sum + printed(one), 0) +
    artifacts.reduce((sum, one) => sum + (one.content?.length ?? 0), 0)
  )
}

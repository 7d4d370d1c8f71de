/** A run that waits for its turn. */
export interface Waiting {
  readonly id: string
  readonly tenantId: string
}

interface Line {
  readonly waiting: Set<string>
  running: number
  /** Runs of this tenant at once. */
  limit: number
  /** When it was served last, as a count of all that were served. */
  served: number
}

/**
 * Whose turn it is. Each tenant has a line of its own; the next place goes to the tenant with the fewest runs under
 * way, and among equals to the one that was served longest ago. So whoever posts ten thousand waits behind
 * nobody but themselves, and neither does anybody else. Only ids are here: the truth is in the database.
 */
export class FairQueue {
  readonly #lines = new Map<string, Line>()
  #running = 0
  #served = 0
  #waiting = 0

  /** @param places runs of this node at once */
  constructor(private readonly places: number) {}

  get waiting(): number {
    return this.#waiting
  }

  waitingOf(tenantId: string): number {
    return this.#lines.get(tenantId)?.waiting.size ?? 0
  }

  /** @param limit runs of the tenant at once; as it was if absent */
  add(one: Waiting, limit?: number): void {
    const line = this.#line(one.tenantId)
    line.limit = limit ?? Math.max(1, line.limit)
    if (line.waiting.has(one.id)) return
    line.waiting.add(one.id)
    this.#waiting++
  }

  /** @returns whether it was waiting */
  remove(one: Waiting): boolean {
    const line = this.#line(one.tenantId)
    const was = line.waiting.delete(one.id)
    if (was) this.#waiting--
    this.#forget(one.tenantId, line)
    return was
  }

  /** A place for a run that has not waited, if there is one that nobody of the tenant waits for. */
  tryAcquire(tenantId: string, limit: number): boolean {
    const line = this.#line(tenantId)
    line.limit = limit
    const free = this.#running < this.places && line.running < limit && line.waiting.size === 0
    if (free) this.#sit(line)
    else this.#forget(tenantId, line)
    return free
  }

  /** Takes the next run and gives it a place; `leave` gives it back. */
  next(): Waiting | undefined {
    if (this.#running >= this.places) return undefined
    let best: { tenantId: string; line: Line } | undefined
    for (const [tenantId, line] of this.#lines) {
      if (line.waiting.size === 0 || line.running >= line.limit) continue
      if (best === undefined || before(line, best.line)) best = { tenantId, line }
    }
    const [id] = best?.line.waiting ?? []
    if (best === undefined || id === undefined) return undefined
    best.line.waiting.delete(id)
    this.#waiting--
    this.#sit(best.line)
    return { id, tenantId: best.tenantId }
  }

  release(tenantId: string): void {
    const line = this.#line(tenantId)
    line.running--
    this.#running--
    this.#forget(tenantId, line)
  }

  #sit(line: Line): void {
    line.running++
    line.served = ++this.#served
    this.#running++
  }

  #line(tenantId: string): Line {
    const known = this.#lines.get(tenantId)
    if (known !== undefined) return known
    const line: Line = { waiting: new Set(), running: 0, limit: 0, served: 0 }
    this.#lines.set(tenantId, line)
    return line
  }

  #forget(tenantId: string, line: Line): void {
    if (line.waiting.size === 0 && line.running === 0) this.#lines.delete(tenantId)
  }
}

const before = (one: Line, other: Line) =>
  one.running === other.running ? one.served < other.served : one.running < other.running

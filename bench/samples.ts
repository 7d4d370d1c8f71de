/** One row of the table: what somebody needed for something, again and again. */
export interface Row {
  readonly metric: string
  readonly subject: string
  /** `ms`, `MiB`, `MB/s` or `1/s`. */
  readonly unit: string
  readonly values: readonly number[]
  /** Why there are no values. */
  readonly why?: string
}

/** Collects what is measured, in the order in which it first came. */
export class Samples {
  readonly #rows = new Map<
    string,
    { metric: string; subject: string; unit: string; values: number[]; why?: string }
  >()

  add(metric: string, subject: string, value: number, unit = 'ms'): void {
    this.#row(metric, subject, unit).values.push(value)
  }

  /** Somebody cannot do it here. What was measured before stays. */
  cannot(metric: string, subject: string, why: string): void {
    this.#row(metric, subject, 'ms').why = why
  }

  async time<T>(metric: string, subject: string, act: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await act()
    this.add(metric, subject, performance.now() - began)
    return result
  }

  rows(): Row[] {
    return [...this.#rows.values()]
  }

  #row(metric: string, subject: string, unit: string) {
    const key = `${metric}\0${subject}`
    const row = this.#rows.get(key) ?? { metric, subject, unit, values: [] }
    this.#rows.set(key, row)
    return row
  }
}

/** @param share 0.5 for the median */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

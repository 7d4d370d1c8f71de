import { describe, expect, it } from 'vitest'
import { afterEnd } from './life'

describe('a language server that ended', () => {
  it('is started again, later each time, and left alone after the fifth death', () => {
    const all = [1, 2, 3, 4].map((deaths) => afterEnd('outOfMemory', deaths, () => 0.5))
    expect(all).toEqual([500, 1000, 2000, 4000].map((delayMs) => ({ kind: 'retry', delayMs })))
    expect(afterEnd('outOfMemory', 5)).toEqual({ kind: 'stopped' })
  })

  it('is started for as long as it is not its fault', () => {
    for (const reason of ['broken', 'restart', 'unreachable'] as const) {
      expect(afterEnd(reason, 100, () => 0.5)).toEqual({ kind: 'retry', delayMs: 15_000 })
    }
  })

  it('is not where another try is useless', () => {
    expect(afterEnd('notInstalled', 1)).toEqual({ kind: 'absent' })
    expect(afterEnd('accessEnded', 1)).toEqual({ kind: 'stopped' })
    expect(afterEnd('refused', 1)).toEqual({ kind: 'stopped' })
  })
})

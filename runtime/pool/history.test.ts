import { describe, expect, it } from 'vitest'
import { Pool } from './pool.js'

describe('the history of a pool', () => {
  it('has a reading each ten seconds, the newest last, and ten minutes of them at most', () => {
    let now = 0
    const key = { template: 'base', isolation: 'standard', purpose: 'sandbox', memoryMiB: 512 } as const
    const pool = new Pool(key, () => now)
    const history = () => pool.status(0).history
    expect(history()).toEqual([])
    for (; now < 25_000; now += 1000) {
      pool.target = now / 1000
      pool.record()
    }
    expect(history().map(({ target }) => target)).toEqual([0, 10, 20])
    for (; now < 3_600_000; now += 1000) {
      pool.target = now / 1000
      pool.record()
    }
    expect(history()).toHaveLength(60)
    expect(history().at(-1)?.target).toBe(3590)
    expect(history().at(0)).toEqual({ ready: 0, target: 3000, claims: 0, forecast: 0 })
  })
})

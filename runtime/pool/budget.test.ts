import { describe, expect, it } from 'vitest'
import { allot, excess } from './budget.js'

const budget = { memoryMiB: 400, diskMiB: 1000, cpus: 1, sandboxes: 90 }
const standard = { isolation: 'standard', asked: 0, floor: 0, needed: 0 } as const

describe("the pools' budget", () => {
  it('gives everything that is wanted while it lasts', () => {
    const wanted = [
      { ...standard, floor: 4 },
      { ...standard, asked: 40 },
      { ...standard, floor: 4, needed: 12 },
    ]
    expect(allot(wanted, budget)).toEqual([4, 40, 12])
  })

  it('keeps promises first, then what is always ready, then what is expected', () => {
    const wanted = [
      { ...standard, floor: 10, needed: 90 },
      { ...standard, asked: 75 },
    ]
    expect(allot(wanted, budget)).toEqual([15, 75])
  })

  it('shares what is left evenly, whoever wants most', () => {
    const wanted = [
      { ...standard, needed: 1000 },
      { ...standard, needed: 1000 },
      { ...standard, needed: 5 },
    ]
    expect(allot(wanted, budget)).toEqual([43, 42, 5])
  })

  it('counts what a kernel of its own costs', () => {
    expect(allot([{ ...standard, isolation: 'hardened', needed: 50 }], budget)).toEqual([6])
  })

  it('shows the sum of what is too much, and nothing else', () => {
    const want = (count: number, label: string) => ({ isolation: 'standard', count, label }) as const
    expect(excess([want(40, 'python at 09:00'), want(50, 'base')], budget)).toBeUndefined()
    expect(excess([want(40, 'python at 09:00'), want(51, 'base')], budget)).toBe(
      '40 (python at 09:00) + 51 (base) = 91 sandboxes; the pools of this node may hold 90',
    )
    expect(excess([want(30, 'a'), want(2, 'b')], { ...budget, memoryMiB: 100 })).toBe(
      '30 × 4 MiB (a) + 2 × 4 MiB (b) = 128 MiB of memory; the pools of this node may use 100',
    )
  })
})

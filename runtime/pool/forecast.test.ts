import { describe, expect, it } from 'vitest'
import { Forecast } from './forecast.js'

const second = 1000
const minute = 60 * second

/** Lets `claims` come at each second of `seconds`. @returns the clock afterwards */
function live(forecast: Forecast, from: number, seconds: number, claims: (second: number) => number): number {
  for (let i = 0; i < seconds; i++) {
    for (let n = 0; n < claims(i); n++) forecast.add(from + i * second)
  }
  forecast.advance(from + seconds * second)
  return from + seconds * second
}

describe('the forecast of claims', () => {
  it('wants nothing where nothing came', () => {
    const forecast = new Forecast(0)
    forecast.advance(10 * minute)
    expect(forecast.needed(10 * second)).toBe(0)
    expect(forecast.describe()).toEqual({ perMinute: 0, burstiness: 1, expected: 0, actual: 0 })
  })

  it('learns a steady rate, and tells it against what came', () => {
    const forecast = new Forecast(0)
    live(forecast, 0, 20 * 60, () => 1)
    expect(forecast.describe()).toMatchObject({ actual: 60, burstiness: 1 })
    expect(forecast.describe().perMinute).toBeCloseTo(60, 0)
    expect(forecast.describe().expected).toBeCloseTo(60, 0)
    expect(forecast.needed(10 * second)).toBeGreaterThanOrEqual(10)
    expect(forecast.needed(10 * second)).toBeLessThanOrEqual(17)
  })

  it('stands ready for more when the same number comes in bursts', () => {
    const [steady, bursty] = [new Forecast(0), new Forecast(0)]
    live(steady, 0, 1200, () => 1)
    live(bursty, 0, 1200, (i) => (i % 40 === 0 ? 40 : 0))
    expect(bursty.describe().burstiness).toBeGreaterThan(10)
    expect(bursty.needed(5 * second)).toBeGreaterThanOrEqual(38)
    expect(steady.needed(5 * second)).toBeLessThan(15)
  })

  it('answers a burst while it comes, before its window has ended', () => {
    const forecast = new Forecast(0)
    for (let n = 0; n < 25; n++) forecast.add(100)
    expect(forecast.needed(second)).toBe(25)
  })

  it('forgets in a quiet night', () => {
    const forecast = new Forecast(0)
    const now = live(forecast, 0, 60, () => 2)
    forecast.advance(now + 20 * minute)
    expect(forecast.needed(5 * second)).toBeLessThan(5)
    forecast.advance(now + 120 * minute)
    expect(forecast.needed(5 * second)).toBe(0)
  })
})

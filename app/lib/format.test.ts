import { describe, expect, it } from 'vitest'
import { bytes, cpus, duration, microseconds, oneLine, sentence } from './format'

describe('figures on the pages', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024, '10 KiB'],
    [512 * 1024 ** 2, '512 MiB'],
    [1023 * 1024 ** 2, '1 GiB'],
    [5 * 1024 ** 5, '5120 TiB'],
    [-1, '0 B'],
  ])('show %d bytes as %s', (value, text) => expect(bytes(value)).toBe(text))

  it.each([
    [0, '0 s'],
    [61_000, '1 min'],
    [3_600_000, '1 h'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 d'],
  ])('show %d ms as %s', (ms, text) => expect(duration(ms)).toBe(text))

  it.each([
    [0, '0 µs'],
    [999, '999 µs'],
    [12_340, '12.3 ms'],
    [999_400, '999 ms'],
    [999_600, '1 s'],
    [61_000_000, '61 s'],
  ])('show %d µs as %s', (us, text) => expect(microseconds(us)).toBe(text))

  it('count processors', () =>
    expect([cpus(0.5), cpus(1), cpus(2.25)]).toEqual(['0.5 CPU', '1 CPU', '2.25 CPUs']))
})

describe('a message of the node', () => {
  it.each([
    ['the first process ended', 'The first process ended.'],
    ['Its disk is full.', 'Its disk is full.'],
  ])('%s stands by itself as a sentence', (text, whole) => expect(sentence(text)).toBe(whole))
})

describe('text that a program chose', () => {
  it('cannot break its line, or turn the direction of what stands beside it', () => {
    expect(oneLine('a\u001b]0;b\u202ec\nd\u2066')).toBe('a ]0;b c d')
  })
  it('ends', () => expect(oneLine('x'.repeat(1000))).toHaveLength(80))
})

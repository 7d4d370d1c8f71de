import { describe, expect, it } from 'vitest'
import { UsageError } from '../command.js'
import { mebibytesOf, secondsOf } from './quantity.js'

describe('a size', () => {
  it.each([
    ['512', 512],
    ['512m', 512],
    ['512M', 512],
    ['512MiB', 512],
    ['1g', 1024],
    ['1.5G', 1536],
    ['2gb', 2048],
    ['2048k', 2],
    ['1T', 1024 ** 2],
    ['1048576b', 1],
  ])('%s is %d MiB', (text, mebibytes) => {
    expect(mebibytesOf('memory', text)).toBe(mebibytes)
  })

  it.each(['', 'much', '1x', '-1g', '1g2', '0', '1e3', '1000k'])('%j is refused', (text) => {
    expect(() => mebibytesOf('memory', text)).toThrow(UsageError)
  })

  it('may be left out', () => {
    expect(mebibytesOf('memory', undefined)).toBeUndefined()
  })
})

describe('a time', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['1.5m', 90],
    ['2h', 7200],
    ['1d', 86_400],
    ['500ms', 0.5],
  ])('%s is %d s', (text, seconds) => {
    expect(secondsOf('ttl', text)).toBe(seconds)
  })

  it.each(['', 'soon', '1w', '-1s', '0'])('%j is refused', (text) => {
    expect(() => secondsOf('ttl', text)).toThrow(UsageError)
  })
})

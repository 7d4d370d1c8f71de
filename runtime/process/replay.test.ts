import { describe, expect, it } from 'vitest'
import { Replay } from './replay.js'

describe('the replay of a terminal', () => {
  it('gives back exactly what was missed, wherever the client was cut off', () => {
    const replay = new Replay(10_000)
    const all = Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 7) & 255))
    for (let at = 0; at < all.length; at += 7) replay.push(all.subarray(at, at + 7))
    for (let since = 0; since <= all.length; since += 11) {
      expect(Buffer.concat(replay.slices(since)).equals(all.subarray(since))).toBe(true)
      const few = Buffer.concat(replay.slices(since, since + 50))
      expect(few.equals(all.subarray(since, since + 50))).toBe(true)
    }
  })

  it('keeps at least its capacity and not much more, and hands on in order what leaves', () => {
    const left: Buffer[] = []
    const replay = new Replay(200_000, (bytes) => left.push(bytes))
    const all = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i >> 8) ^ (i & 255)))
    for (let at = 0; at < all.length; at += 1777) replay.push(all.subarray(at, at + 1777))
    expect(replay.end).toBe(all.length)
    expect(replay.end - replay.start).toBeGreaterThanOrEqual(200_000)
    expect(replay.end - replay.start).toBeLessThan(200_000 + 64 * 1024)
    expect(Buffer.concat([...left, ...replay.slices(0)]).equals(all)).toBe(true)
  })

  it('costs a program that writes single bytes no more than one that writes many', () => {
    const replay = new Replay(200_000)
    for (let i = 0; i < 190_000; i++) replay.push(Buffer.of(i & 255))
    expect(replay.slices(0).length).toBeLessThan(12)
  })

  it('leaves what it has handed out as it was', () => {
    const replay = new Replay(100)
    replay.push(Buffer.from('before'))
    const [handed] = replay.slices(0)
    replay.push(Buffer.from('after'))
    expect(handed?.toString()).toBe('before')
  })
})

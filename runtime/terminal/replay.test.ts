import { describe, expect, it } from 'vitest'
import { Replay } from './replay.js'

describe('the replay of a terminal', () => {
  it('gives back exactly what was missed, wherever the client was cut off', () => {
    const replay = new Replay(1000)
    const all = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 255))
    for (let at = 0; at < all.length; at += 7) replay.push(all.subarray(at, at + 7))
    for (let since = 0; since <= all.length; since++) expect(replay.since(since)).toEqual(all.subarray(since))
  })

  it('keeps at least its capacity and not much more, and says where it begins', () => {
    const replay = new Replay(1000)
    for (let i = 0; i < 500; i++) replay.push(Buffer.alloc(64, i))
    expect(replay.end).toBe(32_000)
    expect(replay.end - replay.start).toBeGreaterThanOrEqual(1000)
    expect(replay.end - replay.start).toBeLessThan(1064)
    expect(replay.since(0).length).toBe(replay.end - replay.start)
  })
})

import { describe, expect, it } from 'vitest'
import { LastOutput } from './service-health.js'

describe('the output of a check', () => {
  it.each([
    ['64 KiB', 32 * 1024, 2],
    ['64 tiny pieces', 1, 64],
  ])('is not read on for a while after %s', async (_, length, pieces) => {
    const output = new LastOutput()
    let paused = 0
    await new Promise<void>((resume) => {
      const pipe = { pause: () => paused++, resume }
      for (let piece = 1; piece < pieces; piece++) output.push(Buffer.alloc(length, 'a'), pipe)
      expect(paused).toBe(0)
      output.push(Buffer.alloc(length, 'b'), pipe)
      expect(paused).toBe(1)
    })
    expect(output.text.length).toBeLessThanOrEqual(1024)
    expect(output.text.at(-1)).toBe('b')
  })
})

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { hashed } from './snapshot-image.js'

describe('a layer that is made into a blob', () => {
  it('ends at its bound, before it is compressed', async () => {
    const parts = () => Readable.from([Buffer.alloc(600), Buffer.alloc(600)])
    const sha = createHash('sha256')
    let bytes = 0
    for await (const part of hashed(parts(), sha, 1200)) bytes += part.length
    expect(bytes).toBe(1200)
    expect(sha.digest('hex')).toBe(createHash('sha256').update(Buffer.alloc(1200)).digest('hex'))
    const over = async () => {
      for await (const _ of hashed(parts(), createHash('sha256'), 1199)) {
        // read to its end
      }
    }
    await expect(over()).rejects.toThrow('a layer of an image has at most')
  })
})

import { describe, expect, it } from 'vitest'
import { encode, Pieces } from './output-buffer.js'

describe('pieces of a stream', () => {
  const cut = (bytes: Buffer, size: number) => {
    const pieces = new Pieces()
    const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => n * size)
    return [...cuts.map((at) => pieces.push(bytes.subarray(at, at + size))), pieces.rest()]
  }

  it.each([1, 2, 3, 5, 7])('of text are text, and all of it, when %i bytes come at a time', (size) => {
    const text = 'añ水😀e\u0301 — ok'
    const pieces = cut(Buffer.from(text), size).map((piece) => encode(piece))
    expect(pieces.map(({ encoding }) => encoding)).not.toContain('base64')
    expect(pieces.map(({ content }) => content).join('')).toBe(text)
  })

  it('lose nothing of what is no text', () => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, n) => (n * 7919) & 255))
    for (const size of [1, 3, 64]) expect(Buffer.concat(cut(bytes, size))).toEqual(bytes)
    expect(cut(Buffer.from([0x61, 0xf0, 0x9f]), 3)).toEqual([Buffer.from('a'), Buffer.from([0xf0, 0x9f])])
  })

  it('does not hold back what can never become a character', () => {
    expect(new Pieces().push(Buffer.from([0x80, 0x80, 0x80, 0x80]))).toHaveLength(4)
  })
})

import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { beginningOf, Excerpt, endOf } from './excerpt.js'
import { readLines } from './lines.js'

const file = (...chunks: readonly (string | Buffer)[]) => Readable.from(chunks.map((one) => Buffer.from(one)))

describe('lines of a file', () => {
  it('are those that were asked for, wherever the pieces end', async () => {
    const read = (first: number, last?: number) =>
      readLines(file('one\ntw', 'o\r\n\nfo', 'ur'), first, last, 100)
    expect(await read(1)).toEqual({ text: 'one\ntwo\r\n\nfour', lines: 4, next: undefined })
    expect(await read(2, 3)).toEqual({ text: 'two\r\n', lines: 2, next: 4 })
    expect(await read(4, 9)).toEqual({ text: 'four', lines: 1, next: undefined })
    expect(await read(5)).toEqual({ text: '', lines: 0, next: undefined })
    expect(await readLines(file('one\n'), 1, undefined, 100)).toMatchObject({ text: 'one', lines: 1 })
    const [half, rest] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)]
    expect(await readLines(file(half, rest), 1, undefined, 100)).toMatchObject({ text: 'ü' })
  })

  it('are no more than fit, and say where to go on', async () => {
    const long = file('aaaa\nbbbb\n', 'cccc\ndddd\n')
    expect(await readLines(long, 1, undefined, 10)).toEqual({ text: 'aaaa\nbbbb', lines: 2, next: 3 })
    expect(long.destroyed).toBe(true)
    const wide = await readLines(file('x'.repeat(50), 'x'.repeat(50), '\nnext'), 1, undefined, 10)
    expect(wide).toMatchObject({
      text: `${'x'.repeat(10)} [… the line has 100 characters …]`,
      lines: 1,
      next: 2,
    })
    await expect(readLines(file('a\0b'), 1, undefined, 10)).rejects.toThrow(/not text/)
  })
})

describe('an excerpt', () => {
  it('has beginning and end, and says how much is between', () => {
    const excerpt = new Excerpt(10)
    for (const piece of ['12345', '6', '7890']) excerpt.add(piece)
    expect(excerpt.text('ask again')).toBe('1234567890')
    excerpt.add('abcdefghij')
    expect([excerpt.length, excerpt.left]).toEqual([20, 10])
    expect(excerpt.text('ask again')).toBe('1234\n[… 10 characters left out; ask again …]\nghij')
  })

  it('has no half of a character', () => {
    expect([beginningOf('a🙂', 2), endOf('🙂a', 2)]).toEqual(['a', 'a'])
    const excerpt = new Excerpt(6)
    excerpt.add('a🙂🙂🙂🙂🙂b')
    expect(excerpt.text('…')).not.toMatch(/\p{Surrogate}/u)
  })
})

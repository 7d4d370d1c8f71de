import { describe, expect, it } from 'vitest'
import { Collection } from './collection.js'
import { winnow } from './fingerprints.js'
import type { SourceFile } from './messages.js'
import { copied, original, unrelated } from './samples.js'
import { syntaxOf } from './syntax.js'
import { codeTokens, wordTokens } from './tokens.js'

/** Compares programs, or whole hand-ins. */
function compare(handIns: readonly (string | readonly SourceFile[])[], starter?: string) {
  const collection = new Collection()
  if (starter !== undefined) collection.addStarter([{ path: 'main.py', text: starter }])
  for (const one of handIns) {
    collection.add(typeof one === 'string' ? [{ path: 'main.py', text: one }] : one)
  }
  return collection.compare()
}
const similarityOf = (...handIns: readonly (string | readonly SourceFile[])[]) =>
  compare(handIns).pairs[0]?.similarity ?? 0

describe('two hand-ins are similar', () => {
  it('with other names, other words, other comments and other white space', () => {
    expect(similarityOf(original, copied)).toBe(1)
    const spread = original.replaceAll(' = ', '=').replaceAll('\n', '\r\n').replaceAll('):', ') :  # why')
    expect(similarityOf(original, spread)).toBe(1)
  })

  it('with their functions in another order, in other files', () => {
    const [head = '', read = '', mean = '', main = ''] = original.split(/^(?=def )/m)
    const moved = [mean, head, read, main].join('')
    expect(similarityOf(original, moved)).toBeGreaterThan(0.6)
    const files = [
      { path: 'lib/a.py', text: `${head}${mean}` },
      { path: 'lib/b.py', text: `${read}${main}` },
    ]
    expect(similarityOf(original, files)).toBeGreaterThan(0.5)
  })

  it('where a part of one is in the other, by the share of the smaller one', () => {
    const [pair] = compare([original, `${unrelated}\n${original}`]).pairs
    expect(pair?.similarity).toBeGreaterThan(0.9)
    expect(pair?.ofOne).toBe(pair?.similarity)
    expect(pair?.ofOther).toBeLessThan(0.7)
    const [longest] = pair?.fragments ?? []
    expect(longest?.one).toMatchObject({ path: 'main.py', from: 1 })
    const offset = unrelated.split('\n').length
    expect(longest?.other).toMatchObject({ path: 'main.py', from: 1 + offset })
  })

  it('as prose, by words of any script, whatever their case', () => {
    const essay = (text: string) => [{ path: 'essay.md', text }]
    const words = Array.from({ length: 80 }, (_, at) => `Wort${at}`).join(' ')
    expect(similarityOf(essay(words), essay(words.toUpperCase().replaceAll(' ', ',\n')))).toBe(1)
    const chinese = '春眠不觉晓处处闻啼鸟夜来风雨声花落知多少床前明月光疑是地上霜举头望明月低头思故乡'
    expect(similarityOf(essay(chinese), essay([...chinese].join('\n')))).toBe(1)
    expect(similarityOf(essay(chinese), essay([...chinese].toReversed().join('')))).toBe(0)
  })
})

describe('two hand-ins are not similar', () => {
  it('as programs for other tasks, and as a program and its text', () => {
    expect(compare([original, unrelated]).pairs).toEqual([])
    expect(similarityOf(original, [{ path: 'main.txt', text: original }])).toBe(0)
  })

  it('by what all have been given', () => {
    const one = `${original}\n${unrelated}`
    const other = `${original}\nfor x in range(9):\n    y = [x * 2 for x in z if x % 3 != 1 and not q(x)]\n    print(y[1:], end='')\n`
    expect(compare([one, other]).pairs).toHaveLength(1)
    expect(compare([one, other], original).pairs).toEqual([])
    expect(compare([original, original], original)).toMatchObject({ pairs: [], short: [0, 1] })
  })

  it('by what more than ten, and a fifth, of the hand-ins have', () => {
    const own = (at: number) => `${original}\n${`x${'+-*/%'[at % 5]}`.repeat(at + 1)}y\n`
    expect(compare(Array.from({ length: 10 }, (_, at) => own(at))).pairs).not.toEqual([])
    expect(compare(Array.from({ length: 11 }, (_, at) => own(at))).pairs).toEqual([])
  })

  it('where there is nothing, or too little', () => {
    expect(compare(['', '# nothing\n', 'print(1)\n', [], original])).toEqual({
      ...{ pairs: [], pairCount: 0, short: [0, 1, 2, 3] },
    })
  })
})

describe('tokens', () => {
  const tokens = (path: string, text: string) => {
    const syntax = syntaxOf(path) ?? expect.fail(`${path} is no program`)
    return [...codeTokens(text, syntax).values]
  }
  it('tell keywords from names, and leave out what is in comments and literals', () => {
    expect(tokens('a.py', 'x = 1')).toEqual(tokens('a.py', 'größe = 0x1F  # "x" if y'))
    expect(tokens('a.py', 'x = 1')).not.toEqual(tokens('a.py', 'if = 1'))
    expect(tokens('a.py', "x = '''if\ny'''")).toEqual(tokens('a.py', 'x = rb"if \\" y"'))
    expect(tokens('a.js', 'x = /[/*"]/.test(y) / 2')).toEqual(tokens('a.js', 'a = /b/.c(d) / 3;'))
    expect(tokens('a.js', 'x = a / b / c')).toHaveLength(7)
    expect(tokens('a.c', '/* if */ x(); // y')).toEqual(tokens('a.c', 'f()'))
    expect(tokens('a.sql', '-- x\nSELECT y')).toHaveLength(2)
  })

  it('know their lines', () => {
    const syntax = syntaxOf('a.js') ?? expect.fail('a.js is a program')
    expect([...codeTokens('a\n/*\n\n*/ b `\n` c', syntax).lines]).toEqual([1, 4, 4, 5])
    expect([...wordTokens('\n你 b\nb').lines]).toEqual([2, 2, 3])
  })

  it('are found in texts of nothing but beginnings, and in one huge line', () => {
    for (const part of ['/*', '"', '""', '/[', '`', "'\\", '𝒙', '\u0000', '\n', '[[']) {
      const text = part.repeat(100_000)
      const [one, other] = [
        { path: 'a.js', text: `${original};${text}` },
        { path: 'a.js', text },
      ]
      expect(compare([[one], [other]]).pairs).toEqual([])
    }
    const line = original.replaceAll('\n', ' ').repeat(200)
    const [pair] = compare([line, line]).pairs
    expect(pair?.similarity).toBe(1)
    expect(pair?.fragments[0]?.one).toMatchObject({ from: 1, to: 1 })
  })
})

it('winnowing keeps one hash of each window, the first of the smallest', () => {
  const hashes = [77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98]
  // The example of the paper, with windows of four; there it is the last of equal ones.
  expect(winnow(Uint32Array.from(hashes), { window: 4 })).toEqual([3, 6, 8, 11, 15])
  expect(winnow(Uint32Array.from([5, 5, 5, 5, 5, 5]), { window: 3 })).toEqual([0, 1, 2, 3])
  expect(winnow(Uint32Array.from([9, 3]), { window: 4 })).toEqual([1])
  expect(winnow(new Uint32Array(), { window: 4 })).toEqual([])
})

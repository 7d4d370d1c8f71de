import { describe, expect, it } from 'vitest'
import { causesOf, errorIn, normalized } from './causes.js'
import type { StoredResult } from './rows.js'

const result = (more: Partial<StoredResult>): StoredResult => ({
  ...{ id: 'one', name: 'One', visible: 'all', status: 'failed', points: 0, maxPoints: 1 },
  ...{ message: 'exited with status 1', output: '', parts: null, judgeOutput: null, wallMs: 1, ...more },
})

describe('why a test failed', () => {
  it.each([
    ["NameError: name 'total' is not defined", 'NameError: name … is not defined'],
    ['expected 12, but got -7.5', 'expected …, but got …'],
    ['ENOENT: no such file, open "/home/user/ann/in.txt"', 'ENOENT: no such file, open …'],
    ['cannot open /home/user/a.txt: Permission denied', 'cannot open …: Permission denied'],
    ['main.c:12:5: error: expected ‘;’ before ‘}’ token', '…: error: expected … before … token'],
    ['Segmentation fault at 0x7ffd1b2c', 'Segmentation fault at …'],
    ['https://example.org/a?b=1 did not answer ann@example.org', '… did not answer …'],
    ["it isn't a number", "it isn't a number"],
    ['AssertionError: 3 != 5 : wrong for [1, 2]', 'AssertionError: … != … : wrong for […, …]'],
  ])('%s is the same as others that differ in names and numbers', (told, text) => {
    expect(normalized(told)).toBe(text)
  })

  it('is the last exception of a chain, the first error of a compiler, and else the last line', () => {
    const python =
      'Traceback (most recent call last):\n  File "/home/user/a.py", line 1\nKeyError: 1\n\nValueError: x\n'
    expect(errorIn(python)).toBe('ValueError: x')
    expect(errorIn("a.c:1:1: error: expected ';'\na.c:2:1: error: y\n2 errors generated.\n")).toBe(
      "a.c:1:1: error: expected ';'",
    )
    expect(errorIn('java.lang.NullPointerException: z\n\tat Main.main(Main.java:3)\n')).toBe(
      'java.lang.NullPointerException: z',
    )
    expect(errorIn('sh: 1: frobnicate: not found\n')).toBe('sh: 1: frobnicate: not found')
    expect(errorIn('\n')).toBeUndefined()
  })

  it('is each test of a report that failed, at most five of them, and without what the database cannot hold', () => {
    const parts = Array.from({ length: 9 }, (_, at) => ({
      ...{ name: `part ${at}`, passed: false, skipped: at === 0, points: null, maxPoints: null },
      message: `${'abcdefgh'[at - 1] ?? ''}\0 is wrong \ud800`,
    }))
    const [one] = causesOf([result({ parts })])
    expect(one?.why).toHaveLength(5)
    expect(one?.why[0]).toEqual({ text: 'a is wrong \ufffd', example: 'a is wrong \ufffd' })
    expect(causesOf([result({ status: 'passed', points: 1, message: null })])).toEqual([
      { test: 'one', passed: true, why: [] },
    ])
  })

  it('costs the length of the message, whatever that is', () => {
    for (const piece of ['a'.repeat(9), '/a', "'", '0x', 'a.', '…', '1,', 'a@']) {
      expect(normalized(piece.repeat(100_000)).length).toBeLessThanOrEqual(200)
    }
  })
})

import { describe, expect, it } from 'vitest'
import type { ReportFormat } from '../../../protocol/api/index.js'
import { parseReport } from './parse.js'

const read = (text: string | Buffer, format?: ReportFormat) => parseReport(Buffer.from(text), format)
const shown = (text: string) =>
  read(text).tests.map(({ name, status, message, durationMs }) => [name, status, message, durationMs])

describe('a report in JUnit XML', () => {
  it('is read as pytest, Surefire and gotestsum write it', () => {
    const xml = `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" tests="5">
      <properties><property name="a" value="b"/></properties>
      <testcase classname="test_add.TestAdd" name="test_small" time="0.0015" />
      <testcase classname="test_add" name="test_large" time="1.25"><failure message="assert 4 == 5">def f():
&gt;  assert &#52; == 5</failure><system-out>noise</system-out></testcase>
      <testcase classname="test_add" name="test_boom"><error type="E"><![CDATA[<boom>]]></error></testcase>
      <testcase classname="test_add" name="test_later"><skipped message="not yet"/></testcase>
      <testcase name="alone"/></testsuite></testsuites>`
    expect(shown(xml)).toEqual([
      ['test_add.TestAdd.test_small', 'passed', null, 1.5],
      ['test_add.test_large', 'failed', 'assert 4 == 5\ndef f():\n>  assert 4 == 5', 1250],
      ['test_add.test_boom', 'error', '<boom>', null],
      ['test_add.test_later', 'skipped', 'not yet', null],
      ['alone', 'passed', null, null],
    ])
    expect(read(xml)).toMatchObject({ format: 'junit', passed: 2, total: 4, points: null, problem: null })
  })

  it.each([
    [
      'entities that expand',
      '<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><testsuite>&b;</testsuite>',
      /DOCTYPE/,
    ],
    ['a file of the host', '<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuite/>', /DOCTYPE/],
    ['an unknown entity', '<testsuite>&lol;</testsuite>', /line 1: .*entity/],
    ['an end that is missing', '<testsuite>\n<testcase name="a">', /line 2: /],
    ['another document', '<html></html>', /begins with <html>/],
    ['deep nesting', `<testsuite>${'<a>'.repeat(100)}`, /more than 64 deep/],
    ['no test', '<testsuites></testsuites>', /no tests/],
    [
      'a test in a test',
      '<testsuite><testcase name="a"><testcase name="b"/></testcase></testsuite>',
      /inside/,
    ],
  ])('is refused with %s', (_, xml, problem) => {
    expect(read(xml)).toMatchObject({ format: 'junit', tests: [], total: 0 })
    expect(read(xml).problem).toMatch(problem)
  })
})

describe('a report in TAP', () => {
  it('is read with directives, diagnostics and subtests', () => {
    const tap = `TAP version 14
1..6
ok 1 - adds # time=3ms
not ok 2 - subtracts
  ---
  message: 'got 3'
  duration_ms: 12.5
  ...
    # Subtest: inner
    not ok 1 - inner
    1..1
ok 3 - outer
ok 4 - windows # SKIP no windows
not ok 5 - later # TODO
not ok 6 - hash \\# in it
# Failed test 'hash'
`
    expect(shown(tap)).toEqual([
      ['adds # time=3ms', 'passed', null, null],
      ['subtracts', 'failed', "message: 'got 3'", 12.5],
      ['outer', 'passed', null, null],
      ['windows', 'skipped', 'no windows', null],
      ['later', 'skipped', null, null],
      ['hash # in it', 'failed', "Failed test 'hash'", null],
    ])
    expect(read(tap)).toMatchObject({ format: 'tap', passed: 2, total: 4 })
  })

  it('counts tests that were planned and did not run as failed', () => {
    expect(read('1..100\nok 1\n')).toMatchObject({ passed: 1, total: 100, tests: [{}, { status: 'error' }] })
    expect(read('ok\nok\n1..1')).toMatchObject({ passed: 2, total: 3 })
    expect(read('1..2\nok\nBail out! no database')).toMatchObject({
      ...{ passed: 1, total: 2 },
      tests: [{ name: 'test 1' }, { name: 'Bail out!', message: 'Bail out! no database' }],
    })
  })

  it.each([
    ['no plan', 'ok 1\nok 2\n', /no plan/],
    ['a plan without end', '1..99999999999999\n', /at most 1000000/],
    ['two plans', '1..1\nok\n1..1\n', /line 3: a second plan/],
    ['a version to come', 'TAP version 15\n1..0', /TAP version 15/],
    ['something else', 'all tests passed', /no plan/],
    ['nothing', '  \n', /empty/],
  ])('is refused with %s', (_, tap, problem) => {
    expect(read(tap).problem).toMatch(problem)
  })
})

describe("a report in Gradescope's results.json", () => {
  it('gives points for each test, and the sum or the score of the whole', () => {
    const tests = [
      { name: 'adds', score: 2, max_score: 5, output: 'close', execution_time: 0.5 },
      { name: 'runs', status: 'passed', max_score: 3 },
      { number: '2.1', status: 'failed', max_score: 2 },
    ]
    expect(read(JSON.stringify({ tests, stdout_visibility: 'visible' }))).toMatchObject({
      ...{ format: 'gradescope', points: 5, maxPoints: 10, passed: 1, total: 3 },
      tests: [
        { name: 'adds', status: 'failed', points: 2, maxPoints: 5, message: 'close', durationMs: 500 },
        { name: 'runs', status: 'passed', points: 3, maxPoints: 3 },
        { name: '2.1', status: 'failed', points: 0, maxPoints: 2 },
      ],
    })
    expect(read(JSON.stringify({ score: 7, tests })).points).toBe(7)
    expect(read('{"score": 7}')).toMatchObject({ points: 7, maxPoints: null, problem: null })
  })

  it.each([
    ['text that is no JSON', '{"tests": [', /not JSON/],
    ['more points than there are', '{"tests": [{"score": 11, "max_score": 10}]}', /tests\[0\].*11 is more/],
    ['a whole of more than the sum', '{"score": 11, "tests": [{"score": 1, "max_score": 10}]}', /score 11/],
    ['negative points', '{"tests": [{"score": -1, "max_score": 10}]}', /tests\[0\]\.score/],
    ['infinite points', '{"tests": [{"score": 1e999, "max_score": 1e999}]}', /tests\[0\]/],
    ['points as text', '{"tests": [{"score": "10", "max_score": 10}]}', /tests\[0\]\.score/],
    ['no result', '{"tests": [{"name": "a"}]}', /neither status nor score/],
    ['no maximum', '{"tests": [{"score": 1}]}', /no max_score/],
    ['no tests', '{}', /no tests/],
    ['a list', '[1, 2]', /no plan/],
  ])('is refused with %s', (_, json, problem) => {
    expect(read(json).problem).toMatch(problem)
  })
})

describe('any report', () => {
  it('is bounded', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `<testcase name="${i}"/>`).join('')
    const report = read(`<testsuite>${many}</testsuite>`)
    expect(report).toMatchObject({ passed: 5000, total: 5000, truncated: true })
    expect(report.tests).toHaveLength(1000)
    const long = read(
      JSON.stringify({ tests: [{ name: 'n'.repeat(9999), status: 'failed', output: 'm'.repeat(99_999) }] }),
    )
    expect(long.tests[0]?.name).toHaveLength(256)
    expect(long.tests[0]?.message).toHaveLength(4096)
    expect(long.truncated).toBe(true)
    expect(read(Buffer.alloc((1 << 20) + 1, 'a')).problem).toMatch(/at most 1048576/)
    expect(read(Buffer.from([0x3c, 0xff])).problem).toMatch(/UTF-8/)
  })

  it('holds no character that the database cannot store', () => {
    const { tests } = read(
      JSON.stringify({ tests: [{ name: 'a\0b\ud800', status: 'passed', output: '\udc00' }] }),
    )
    expect(tests).toMatchObject([{ name: 'a\ufffdb\ufffd', message: '\ufffd' }])
  })

  it('is of the format that was asked for', () => {
    expect(read('{"score": 1}', 'junit')).toMatchObject({ format: 'junit', problem: expect.any(String) })
    expect(read('1..1\nok\n', 'gradescope').problem).toMatch(/not JSON/)
  })

  it.each([
    ['nested lists', `{"tests": ${'['.repeat(500_000)}`, /not JSON/],
    ['attributes without end', `<testsuite>${'<a b="'.repeat(150_000)}`, /line 1/],
    ['blanks', `1..1\nok a${' '.repeat(900_000)}x`, null],
    ['directives that are none', `1..1\nok ${' # '.repeat(300_000)}`, null],
    ['backslashes', `1..1\nok ${'\\'.repeat(300_000)}${'#'.repeat(300_000)} x`, null],
  ])('is read in a time that grows with its length: %s', (_, text, problem) => {
    const report = read(text)
    if (problem === null) expect(report).toMatchObject({ passed: 1, total: 1 })
    else expect(report.problem).toMatch(problem)
  })
})

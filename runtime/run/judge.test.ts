import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { caseOf, judgeOf, performOn, stepOf, testStepLimits } from '../testing/runs.js'

/** Right when the difference is small enough, with points for closeness. */
const closeEnough = `
import sys
given, printed, expected = (open(path).read() for path in sys.argv[1:4])
try: off = abs(float(printed) - float(expected))
except ValueError:
  print('not a number:', printed.strip())
  sys.exit(1)
open('case/points', 'w').write(str(max(0.0, 1 - off)))
open('case/message', 'w').write(f'{given.strip()}: off by {off}')
sys.exit(0 if off < 1 else 1)
`

const checker = (command: string | string[], over: object = {}) => judgeOf('checker', command, over)
const python = (source: string, over: object = {}) =>
  checker(['python3', 'check.py'], { files: [{ path: 'check.py', content: source }], ...over })

describe('a checker', () => {
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { poolRuns: 2 })
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('decides about each case by its input, what was printed and what was expected', async () => {
    const { status, cases } = await performOn({
      steps: [stepOf('read x; echo $x')],
      cases: [
        caseOf('4.0', { expected: '4' }),
        caseOf('4.5', { expected: '4' }),
        caseOf('9', { expected: '4' }),
        caseOf('abc', { expected: '4' }),
      ],
      judge: python(closeEnough),
    })
    expect(
      cases.map(({ status, message, judge }) => [status, message, judge?.points, judge?.message]),
    ).toEqual([
      ['ok', null, 1, '4.0: off by 0.0'],
      ['ok', null, 0.5, '4.5: off by 0.5'],
      ['wrong_answer', null, 0, '9: off by 5.0'],
      ['wrong_answer', null, 0, 'not a number: abc'],
    ])
    expect(status).toBe('wrong_answer')
    expect(cases[0]?.judge).toMatchObject({ exitCode: 0, transcript: null, report: null })
    expect(cases[0]?.judge?.cpuUs).toBeGreaterThan(0)
  })

  it('is not started for a program that failed by itself', async () => {
    const { cases } = await performOn({
      steps: [stepOf('read x; exit $x')],
      cases: [caseOf('3'), caseOf('0')],
      judge: checker('true'),
    })
    expect(cases.map(({ status, judge }) => [status, judge?.points])).toEqual([
      ['runtime_error', undefined],
      ['ok', 1],
    ])
  })

  it.each<[string, string, RegExp, object?]>([
    ['another exit code', 'exit 2', /the judge failed: exited with code 2/],
    ['a signal', 'kill -SEGV $$', /the judge failed: terminated by SIGSEGV/],
    ['no end', 'sleep 60', /stopped at the 0.5 s time limit/, { wallMs: 500 }],
    ['a loop', 'while :; do :; done', /CPU time/, { cpuMs: 300 }],
    ['a flood', 'yes', /output limit/, { outputBytes: 10_000 }],
    ['too much memory', 'exec python3 -c "bytearray(200 << 20)"', /failed/, { memoryMiB: 32 }],
    ['too many processes', 'sleep 1 & sleep 1 & sleep 1 & wait', /limit of 2/, { pids: 2 }],
    ['a program that is not there', 'no-such-checker', /code 127/],
    ['points above 1', 'echo 1.5 > case/points', /"1.5" as points/],
    ['negative points', 'echo -0.5 > case/points', /"-0.5" as points/],
    ['points that are no number', 'echo NaN > case/points', /"NaN" as points/],
    ['infinite points', 'echo inf > case/points', /"inf" as points/],
    ['points in hex', 'echo 0x1 > case/points', /"0x1" as points/],
    ['garbage as points', 'head -c 1000 /dev/urandom > case/points', /longer than 64 bytes/],
    ['a directory for points', 'rm case/points; mkdir case/points', /not a regular file/],
    ['a pipe for points', 'rm case/points; mkfifo case/points', /not a regular file/],
    ['a link for points', 'ln -sf /etc/hostname case/points', /not a regular file/],
  ])('that ends with %s is in error, never a pass', async (_, command, message, limits = {}) => {
    const { status, cases } = await performOn({
      steps: [stepOf('true')],
      cases: [caseOf('')],
      judge: checker(command, { limits: { ...testStepLimits, ...limits } }),
    })
    expect([status, cases[0]?.status]).toEqual(['judge_error', 'judge_error'])
    expect(cases[0]?.message).toMatch(message)
    expect(cases[0]?.judge?.points).toBeNull()
  })

  it('reads points and message as text, whatever they hold', async () => {
    const say = 'printf "  .25 \\n" > case/points; printf "a\\0b\\377" > case/message; exit 1'
    const { cases } = await performOn({ steps: [stepOf('true')], cases: [caseOf('')], judge: checker(say) })
    expect(cases[0]).toMatchObject({
      status: 'wrong_answer',
      judge: { points: 0.25, message: 'a\ufffdb\ufffd' },
    })
  })

  it('keeps its sandbox while nothing changes in there, and has a fresh one after that', async () => {
    const judged = async (command: string) => {
      const { cases } = await performOn({
        steps: [stepOf('true')],
        cases: ['a', 'b', 'c'].map((word) => caseOf(word)),
        judge: checker(command),
      })
      return cases.map(({ status, judge }) => [status, judge?.message])
    }
    const spaces = async (command: string) =>
      new Set(
        (
          await judged(
            `{ readlink /proc/self/ns/pid; cut -d ' ' -f 22 /proc/1/stat; } > case/message; ${command}`,
          )
        ).map(String),
      ).size
    expect(await spaces('echo 1 > case/points; echo x > case/output')).toBe(1)
    expect(await spaces('touch seen')).toBe(3)
    expect(await spaces('touch /dev/shm/seen')).toBe(3)
    expect(await spaces('mv case/points case/other')).toBe(3)
    expect(await spaces('ln case/points point')).toBe(3)
    expect(
      await judged(
        'ls -A . case > case/message; cat case/input case/points >> case/message; echo 1 > case/points; touch left case/left',
      ),
    ).toEqual(
      ['a', 'b', 'c'].map((word) => [
        'ok',
        `.:\n${['.bash_logout', '.bashrc', '.profile', 'case'].join('\n')}\n\ncase:\nexpected\ninput\nmessage\noutput\npoints\n${word}`,
      ]),
    )
  })

  it('is compiled once, and says when it cannot be', async () => {
    const files = [{ path: 'make.sh', content: 'echo compiled; echo "exit 0" > check; echo x >> built\n' }]
    const { cases } = await performOn({
      steps: [stepOf('true', { compile: true, name: 'compile' }), stepOf('true')],
      cases: [caseOf('1'), caseOf('2')],
      judge: checker('cat built > case/message; touch dirty; sh check', { files, compile: 'sh make.sh' }),
    })
    expect(cases.map(({ status, judge }) => [status, judge?.message])).toEqual(Array(2).fill(['ok', 'x']))
    const broken = await performOn({
      ...{ steps: [stepOf('true')], cases: [caseOf('1')] },
      judge: checker('true', { compile: 'echo "check.c:1: no" >&2; exit 1' }),
    })
    expect(broken).toMatchObject({ status: 'judge_error', cases: [], steps: [] })
    expect(broken.message).toBe('the judge cannot be compiled: exited with code 1\ncheck.c:1: no')
  })

  it('tells of its report, and is in error without', async () => {
    const report = { path: 'out/report.xml' }
    const write = (xml: string) => `mkdir out; printf '%s' '${xml}' > out/report.xml`
    const judged = async (command: string) => {
      const { cases } = await performOn({
        ...{ steps: [stepOf('true')], cases: [caseOf('')], judge: checker(command, { report }) },
      })
      const [one] = cases
      return [one?.status, one?.judge?.points, one?.message, one?.judge?.report?.tests.length]
    }
    const failing = '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'
    expect(await judged(`${write(failing)}; exit 1`)).toEqual(['wrong_answer', 0.5, null, 2])
    // A runner that always ends well says by its report that something failed.
    expect(await judged(write(failing))).toEqual(['wrong_answer', 0.5, null, 2])
    expect(await judged(write('<testsuite><testcase name="a"/></testsuite>'))).toEqual(['ok', 1, null, 1])
    expect(await judged('true')).toEqual([
      'judge_error',
      null,
      'the report of the judge cannot be read: out/report.xml was not written',
      0,
    ])
    const invalid = ['judge_error', null, expect.stringContaining('out/report.xml'), 0]
    expect(await judged('mkdir -p out/report.xml')).toEqual(invalid)
    expect(await judged('mkdir out; ln -s /etc/shadow out/report.xml')).toEqual(invalid)
    expect(await judged('mkdir out; mkfifo out/report.xml')).toEqual(invalid)
    expect(await judged('mkdir out; head -c 2M /dev/zero > out/report.xml')).toEqual(invalid)
  })

  it('is not needed for a report of an ordinary step', async () => {
    const step = stepOf('printf "1..2\\nok 1 - a\\nnot ok 2 - b\\n" > r.tap', { report: { path: 'r.tap' } })
    const { status, steps } = await performOn({ steps: [step] })
    expect(status).toBe('ok')
    expect(steps[0]?.report).toMatchObject({ format: 'tap', passed: 1, total: 2, problem: null })
    const { cases } = await performOn({ steps: [step], cases: [caseOf(''), caseOf('')] })
    expect(cases.map(({ report }) => report?.total)).toEqual([2, 2])
    const none = await performOn({ steps: [stepOf('true', { report: { path: 'r.tap' } })] })
    expect(none.steps[0]?.report?.problem).toBe('r.tap was not written')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { caseOf, judgeOf, performOn, stepOf, testStepLimits } from '../testing/runs.js'

/** Thinks of the number in its input, and answers guesses. */
const numberGame = `
import sys
secret = int(open(sys.argv[1]).read())
for tries in range(1, 21):
  line = sys.stdin.readline()
  if not line.strip().isdigit():
    open('case/message', 'w').write('not a number: ' + repr(line))
    sys.exit(1)
  guess = int(line)
  print('<' if secret < guess else '>' if secret > guess else '=', flush=True)
  if guess == secret:
    open('case/message', 'w').write(f'{tries} tries')
    open('case/points', 'w').write(str(1 if tries <= 7 else 0.5))
    sys.exit(0)
sys.exit(1)
`
const bisect = `
low, high = 0, 100
while True:
  middle = (low + high) // 2
  print(middle, flush=True)
  said = input()
  if said == '=': break
  if said == '<': high = middle - 1
  else: low = middle + 1
`
const countUp = `
for guess in range(101):
  print(guess, flush=True)
  if input() == '=': break
`

const interactive = (command: string | string[], over: object = {}) => judgeOf('interactive', command, over)
const python = (source: string, over: object = {}) =>
  interactive(['python3', 'judge.py'], { files: [{ path: 'judge.py', content: source }], ...over })
const limitsOf = (over: object) => ({ ...testStepLimits, ...over })

describe('an interactive judge', () => {
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

  const together = async (
    program: string | string[],
    judge: string | string[],
    over: object = {},
    own: object = {},
  ) => {
    const { status, steps, message } = await performOn({
      steps: [stepOf(program, { limits: limitsOf(own) })],
      judge: interactive(judge, { limits: limitsOf({ wallMs: 3000, ...over }) }),
    })
    const [step] = steps
    if (step === undefined) throw new Error(`no step: ${message}`)
    expect(step.status).toBe(status)
    return step
  }

  it('speaks with a program in each case, and gives points', async () => {
    const play = (program: string) =>
      performOn({
        steps: [stepOf(['python3', '-c', program])],
        cases: ['50', '7', '99'].map((secret) => caseOf(secret)),
        judge: python(numberGame),
      })
    const good = await play(bisect)
    expect(good.status).toBe('ok')
    expect(good.cases.map(({ judge }) => [judge?.points, judge?.message])).toEqual([
      [1, '1 tries'],
      [1, '7 tries'],
      [1, '6 tries'],
    ])
    expect(good.cases[0]?.judge?.transcript).toEqual({
      turns: [
        { from: 'program', content: '50\n', encoding: 'utf8' },
        { from: 'judge', content: '=\n', encoding: 'utf8' },
      ],
      truncated: false,
    })
    expect(good.cases[0]?.stdout.content).toBe('50\n')
    const slow = await play(countUp)
    expect(slow.cases.map(({ status, judge }) => [status, judge?.points])).toEqual([
      ['wrong_answer', 0],
      ['ok', 0.5],
      ['wrong_answer', 0],
    ])
  })

  it('decides about the last step where there are no cases, with its stdin as input', async () => {
    const { status, steps, artifacts } = await performOn({
      steps: [
        stepOf('echo made > made', { name: 'compile', compile: true }),
        stepOf('read word; cat made; echo $word > said', { stdin: Buffer.from('secret').toString('base64') }),
      ],
      judge: interactive('cat case/input; echo; read answer; test $answer = made'),
      artifacts: ['said'],
    })
    expect(status).toBe('ok')
    expect(steps.map(({ judge }) => judge?.points)).toEqual([undefined, 1])
    expect(Buffer.from(artifacts[0]?.content ?? '', 'base64').toString()).toBe('secret\n')
  })

  it.each<[string, string, string, string, RegExp | null, object?, object?]>([
    ['a program that ends early and a judge that says so', 'true', 'read x || exit 1', 'wrong_answer', null],
    ['a program that fails first', 'exit 3', 'read x || exit 1', 'runtime_error', /code 3/],
    [
      'a program that fails first and a judge that is content',
      'exit 3',
      'read x; exit 0',
      'runtime_error',
      /code 3/,
    ],
    ['a program that fails because its judge has ended', 'read x || exit 3', 'true', 'ok', null],
    ['a program that does not end after its judge', 'sleep 60', 'true', 'ok', null],
    [
      'a program whose time is over after its judge',
      'sleep 60',
      'sleep 0.8',
      'ok',
      null,
      {},
      { wallMs: 1000 },
    ],
    ['a program that floods after its judge has ended', 'read x; exec yes', 'true', 'ok', null],
    ['a judge that refuses a program that goes on', 'sleep 60', 'exit 1', 'wrong_answer', null],
    ['a judge that crashes', 'sleep 60', 'kill -SEGV $$', 'judge_error', /SIGSEGV/],
    ['a judge with another exit code', 'cat', 'exit 2', 'judge_error', /code 2/],
    ['a judge that floods', 'sleep 60', 'exec yes', 'judge_error', /output limit/],
    [
      'a judge that hangs after the program',
      'true',
      'sleep 60',
      'judge_error',
      /judge's turn: the program had ended/,
    ],
    [
      'a program out of memory',
      'exec python3 -c "bytearray(200 << 20)"',
      'read x || exit 1',
      'memory_limit|runtime_error',
      /./,
      {},
      { memoryMiB: 32 },
    ],
    [
      'a program out of processor time',
      'while :; do :; done',
      'read x || exit 1',
      'cpu_limit',
      /CPU/,
      {},
      { cpuMs: 200 },
    ],
    ['points that are none', 'true', 'echo 2 > case/points', 'judge_error', /"2" as points/],
  ])('says what happened: %s', async (_, program, judge, status, message, over = {}, own = {}) => {
    const step = await together(program, judge, over, own)
    expect(step.status).toMatch(new RegExp(`^(${status})$`))
    if (message === null) expect(step.message).toBeNull()
    else expect(step.message).toMatch(message)
    if (status === 'judge_error') expect(step.judge?.points).toBeNull()
  })

  it.each<[string, string, string, string, RegExp]>([
    ['both wait for input', 'read x', 'read x', 'time_limit', /both waited.*flushed/],
    [
      'the program forgot to flush',
      'exec python3 -c "import sys; print(1); sys.stdin.readline()"',
      'read x',
      'time_limit',
      /both waited/,
    ],
    [
      'the program does not read',
      'sleep 60',
      'echo hi; read x',
      'time_limit',
      /not read 3 bytes of the judge/,
    ],
    ['the program thinks', 'read x; sleep 60', 'echo hi; read x', 'time_limit', /the judge waited for it/],
    [
      'the judge does not read',
      'echo hello; read x',
      'sleep 60',
      'judge_error',
      /not read 6 bytes of the program/,
    ],
    ['the judge thinks', 'echo hello; read x', 'read x; sleep 60', 'judge_error', /not waiting for input/],
    [
      'both write and do not read',
      'head -c 200000 /dev/zero; read x',
      'head -c 200000 /dev/zero; read x',
      'time_limit',
      /it had not read \d{5,6} bytes of the judge/,
    ],
  ])('ends at the time limit and says whose turn it was: %s', async (_, program, judge, status, message) => {
    const outputBytes = 1 << 20
    const step = await together(program, judge, { wallMs: 8000, outputBytes }, { wallMs: 2000, outputBytes })
    expect([step.status, step.message]).toEqual([status, expect.stringMatching(message)])
    expect(step.message).toMatch(/^stopped at the 2 s time limit/)
  })

  it('waits for whoever reads slowly, and loses nothing', async () => {
    const bytes = 3_000_000
    const step = await together(
      `head -c ${bytes} /dev/zero`,
      `sleep 0.5; test $(wc -c) = ${bytes}`,
      { outputBytes: 4_000_000 },
      { outputBytes: 4_000_000 },
    )
    expect(step).toMatchObject({ status: 'ok', stdout: { bytes, truncated: true } })
    expect(step.judge?.transcript).toMatchObject({ truncated: true })
  })

  it('answers many small questions', async () => {
    const ask = 'import sys\nfor i in range(600):\n  print(i, flush=True)\n  assert int(input()) == i + 1'
    const { status, steps } = await performOn({
      steps: [
        stepOf([
          'python3',
          '-c',
          'while True:\n  try: print(int(input()) + 1, flush=True)\n  except EOFError: break',
        ]),
      ],
      judge: python(ask),
    })
    expect(status).toBe('ok')
    expect(steps[0]?.judge?.transcript?.turns.length).toBe(1000)
  })

  it('keeps its sandbox from case to case while nothing changes in there', async () => {
    const spaces = async (more: string) => {
      const { cases } = await performOn({
        steps: [stepOf('cat')],
        cases: ['a', 'b', 'c'].map((word) => caseOf(word)),
        judge: interactive(
          `{ readlink /proc/self/ns/pid; cut -d ' ' -f 22 /proc/1/stat; } > case/message; ${more}`,
        ),
      })
      expect(cases.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok'])
      return new Set(cases.map(({ judge }) => judge?.message)).size
    }
    expect(await spaces('echo 1 > case/points')).toBe(1)
    expect(await spaces('echo 1 > case/other')).toBe(3)
  })

  it('ends with its run when that is canceled', async () => {
    const began = performance.now()
    const run = { steps: [stepOf('sleep 60')], judge: interactive('sleep 60') }
    await expect(performOn(run, AbortSignal.timeout(1000))).rejects.toThrow()
    expect(performance.now() - began).toBeLessThan(8000)
    // Both sandboxes go, and the pool has its place again.
    await instance.poolFull()
    const { status } = await performOn({ steps: [stepOf('cat')], judge: interactive('true') })
    expect(status).toBe('ok')
  })
})

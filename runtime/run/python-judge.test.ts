import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { judgeOf, performOn, stepOf, testStepLimits } from '../testing/runs.js'

const folder = '/usr/share/cloche/judge'
/** Two interpreters begin at once: on a busy machine that alone takes seconds. */
const limits = { ...testStepLimits, wallMs: 60_000, cpuMs: 60_000 }

const tests = `
import student, unittest

solution = student.load('solution')

class Tests(unittest.TestCase):
  @student.points(2)
  def test_add(self):
    self.assertEqual(solution.add(1, 2), 3)
    self.assertEqual(solution.add([1], [2]), [1, 2])

  def test_raises(self):
    with self.assertRaises(ZeroDivisionError): solution.divide(1, 0)

  def test_raises_any(self):
    with self.assertRaises(Exception): solution.divide(1, 0)

  def test_printed(self):
    student.give('Ada\\n')
    solution.greet()
    self.assertEqual(student.printed(), 'Hello Ada\\n')

  @student.points(3)
  def test_stack(self):
    stack = solution.Stack()
    stack.push((1, 'a', {2: b'x'}))
    self.assertEqual(len(stack), 1)
    self.assertEqual(list(stack), [(1, 'a', {2: b'x'})])
    self.assertTrue(stack)

if __name__ == '__main__':
  print('what a test prints is no question')
  student.main()
`

const good = `
def add(a, b): return a + b
def divide(a, b): return a / b
def greet(): print('Hello', input())
class Stack:
  def __init__(self): self.items = []
  def push(self, item): self.items.append(item)
  def __len__(self): return len(self.items)
  def __iter__(self): return iter(self.items)
`

describe("a judge of Python's unit tests", () => {
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { poolRuns: 2 })
    await instance.poolFull()
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const judged = async (solution: string, source = tests) => {
    const { steps, message } = await performOn({
      files: [{ path: 'solution.py', content: solution }],
      steps: [stepOf(['python3', `${folder}/answer.py`], { limits })],
      judge: judgeOf('interactive', ['python3', 'tests.py'], {
        files: [{ path: 'tests.py', content: source }],
        ...{ limits, env: { PYTHONPATH: folder }, report: { path: 'results.json' } },
      }),
    })
    const [step] = steps
    if (step === undefined) throw new Error(`no step: ${message}`)
    const passed = (step.judge?.report?.tests ?? []).filter(({ status }) => status === 'passed')
    return {
      ...{ step, status: step.status, points: step.judge?.points },
      passed: passed.map(({ name }) => name.replace('Tests.test_', '')).toSorted(),
      messages: (step.judge?.report?.tests ?? []).map((test) => test.message ?? '').join('\n'),
    }
  }
  const all = ['add', 'printed', 'raises', 'raises_any', 'stack']

  it('tests functions, classes, exceptions and what is printed', async () => {
    expect(await judged(good)).toMatchObject({ status: 'ok', points: 1, passed: all })
  })

  it('gives points for each test, and says what is wrong', async () => {
    const { status, points, passed, messages } = await judged(good.replace('a + b', 'a - b'))
    expect({ status, points, passed }).toEqual({
      ...{ status: 'wrong_answer', points: 6 / 8, passed: all.filter((name) => name !== 'add') },
    })
    expect(messages).toContain('AssertionError: -1 != 3')
  })

  it.each<[string, string, string[], RegExp]>([
    ['a file with an error', 'def add(a, b) return', [], /SyntaxError/],
    ['no function of that name', 'x = 1', ['raises_any'], /has no attribute 'add'/],
    [
      'a function without end',
      good.replace('return a + b', '\n  while True: pass'),
      all.filter((name) => name !== 'add'),
      /TimeoutError/,
    ],
    [
      'an end of the process',
      good.replace('return a / b', 'import os; os._exit(0)'),
      ['add', 'printed'],
      /has ended/,
    ],
    [
      'an exit',
      good.replace('return a / b', 'raise SystemExit(0)'),
      ['add', 'printed', 'raises_any', 'stack'],
      /SystemExit/,
    ],
    [
      'objects that are equal to everything',
      `class Any:\n  def __eq__(self, o): return True\n  def __call__(self, *a): return self\n  def __len__(self): return 1\n  def __iter__(self): return iter([self])\n  push = add = divide = greet = Stack = __call__\nimport sys\nsys.modules['solution'] = Any()`,
      [],
      /!=/,
    ],
  ])('takes nothing for right: %s', async (_, solution, right, words) => {
    const { status, passed, messages } = await judged(solution)
    expect([status, passed]).toEqual(['wrong_answer', right])
    expect(messages).toMatch(words)
  })

  it.each([
    ['another number', `{"id": 99, "printed": "", "value": 3}`],
    ['no JSON', 'yes'],
    ['deep nesting', '['.repeat(30_000)],
    ['a module to load', `{"id": 0, "printed": "", "value": ["pickle", "gASVHQAAAA=="]}`],
    ['an error that ends tests', `{"id": 0, "printed": "", "error": ["SystemExit"], "message": "0"}`],
    ['an error of another kind', `{"id": 0, "printed": "", "error": "no list", "message": 0}`],
    ['a list for a key', `{"id": 0, "printed": "", "value": ["dict", [[["list", []], 1]]]}`],
    ['bytes that are no text', '\\xff\\xfe'],
  ])('takes a forged answer for a wrong one: %s', async (_, line) => {
    // It finds the pipe that the answers go through, and writes there first.
    const forging = `import os\nfor fd in range(3, 20):\n  try: os.write(fd, b'''${line}''' + b'\\n')\n  except OSError: pass\n`
    const { status, passed, step } = await judged(`${forging}${good}`)
    expect([status, passed, step.message]).toEqual(['wrong_answer', [], null])
  })

  it('cannot be made to count tests that did not run', async () => {
    const source = tests.replace(
      '  def test_raises(self)',
      '  @classmethod\n  def setUpClass(cls): solution.ready()\n\n  def test_raises(self)',
    )
    const { status, points, step } = await judged(good, source)
    expect([status, points, step.judge?.report?.total]).toEqual(['wrong_answer', 0, 5])
  })

  it('runs programs with their input', async () => {
    const source = `
import student, unittest
class Tests(unittest.TestCase):
  def test_sum(self): self.assertEqual(student.run('solution.py', '3 4\\n'), '7\\n')
  def test_fails(self):
    with self.assertRaises(ValueError): student.run('solution.py', 'x\\n')
if __name__ == '__main__': student.main()
`
    expect(await judged('print(sum(map(int, input().split())))', source)).toMatchObject({
      ...{ status: 'ok', points: 1, passed: ['fails', 'sum'] },
    })
  })
})

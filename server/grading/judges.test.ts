import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GradedTest, Grading } from '../../protocol/api/index.js'
import { Cloche } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
const limits = { cpus: 0.25, memoryMiB: 128, diskMiB: 64, pids: 64 }
const patience = { timeout: 90_000, interval: 300 }

/** Accepts the words of the input in any order, and gives half of the points when they are all there but in none. */
const checker = `
import sys
given, printed, expected = (open(path).read().split() for path in sys.argv[1:])
open('case/message', 'w').write('secret rule: ' + open('rule.txt').read())
if printed == expected: sys.exit(0)
open('case/points', 'w').write('0.5' if sorted(printed) == sorted(given) else '0')
sys.exit(1)
`
const game = `
import sys
secret = int(open(sys.argv[1]).read())
for line in sys.stdin:
    guess = int(line)
    print('lower' if secret < guess else 'higher' if secret > guess else 'found', flush=True)
    if guess == secret: sys.exit(0)
sys.exit(1)
`
const unitTests = `
import student, unittest
solution = student.load('solution')
class Tests(unittest.TestCase):
    @student.points(3)
    def test_add(self):
        self.assertEqual(solution.add(1, 2), 3)
    def test_divide(self):
        self.assertEqual(solution.divide(7, 2), 3)
if __name__ == '__main__': student.main()
`
const solution = `
def add(a, b): return a + b
def divide(a, b): return a / b
`
/** Looks for what the teacher has hidden, and writes its own grade wherever it might be read. */
const thief = `
import glob, os
found = []
for name in glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/environ'):
    try:
        if b'check.py' in open(name, 'rb').read(): found.append(name)
    except Exception: pass
for top in ('/home', '/tmp', '/dev/shm', '/var/tmp', '/run'):
    for folder, _, names in os.walk(top):
        for name in names:
            try: text = open(os.path.join(folder, name), 'rb').read(1 << 16)
            except Exception: continue
            if b'secret rule' in text and name != 'main.py': found.append(name)
os.makedirs('case', exist_ok=True)
for name in ('points', 'message', 'expected'): open('case/' + name, 'w').write('1')
open('results.json', 'w').write('{"score": 100, "tests": [{"name": "forged", "score": 100, "max_score": 100}]}')
print('found', found)
`
const bisect = `
low, high = 1, 1000
while True:
    guess = (low + high) // 2
    print(guess, flush=True)
    said = input()
    if said == 'found': break
    if said == 'lower': high = guess - 1
    else: low = guess + 1
`

describe('grading by judges', { timeout: 180_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let ann: TestClient
  let math = ''

  const made = async (who: TestClient, method: string, path: string, body?: object | string) => {
    const answer = await who.call(method, path, body)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const newOne = async (tests: object[], hidden: Readonly<Record<string, string>>) => {
    const wanted = { title: 'Judged', limits, published: true, network: 'none', tests }
    const { id } = await made(owner, 'POST', `/api/v1/classes/${math}/assignments`, wanted)
    const path = `/api/v1/assignments/${id}`
    const bytes = { 'content-type': 'application/octet-stream' }
    for (const [name, content] of Object.entries(hidden)) {
      const answer = await owner.call('PUT', `${path}/files/hidden/file?path=${name}`, content, bytes)
      expect(answer.status).toBeLessThan(300)
    }
    return path
  }
  /** Hands these files in, and gives what came of it, for staff and for the student. */
  const graded = async (path: string, files: Readonly<Record<string, string>>) => {
    const { sandbox } = await made(ann, 'POST', `${path}/start`)
    for (const [name, content] of Object.entries(files)) {
      const command = ['sh', '-c', 'printf %s "$2" > "$1"', 'sh', name, content]
      await made(ann, 'POST', `/api/v1/sandboxes/${sandbox}/exec`, { command })
    }
    const { id } = await made(ann, 'POST', `${path}/submissions`)
    await made(ann, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
    const newest = async (who: TestClient): Promise<Grading> =>
      (await made(who, 'GET', `/api/v1/submissions/${id}/gradings`)).items[0]
    await expect.poll(async () => (await newest(owner))?.state, patience).toMatch(/finished|failed|canceled/)
    return { staff: await newest(owner), student: await newest(ann) }
  }
  const shortly = ({ tests }: Grading) => tests?.map(({ id, status, points }) => [id, status, points])
  const test = (id: string, over: object): Partial<GradedTest> & object => ({
    ...{ id, name: id, points: 4, command: 'python3 main.py', timeoutSeconds: 30 },
    ...over,
  })

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'head@judges.test')
    ann = await TestClient.signUp(instance.url, 'ann@judges.test')
    const { url } = await made(owner, 'POST', '/api/v1/invitations', {
      email: 'ann@judges.test',
      role: 'student',
    })
    await made(ann, 'POST', '/api/v1/invitations/accept', { secret: new URL(url).hash.slice(1) })
    math = (await made(owner, 'POST', '/api/v1/classes', { name: 'Math' })).id
    await made(owner, 'POST', `/api/v1/classes/${math}/students`, { name: 'Ann', email: 'ann@judges.test' })
  }, 300_000)
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]()
  })

  it('a checker decides with hidden files, and gives a part of the points', async () => {
    const judge = { mode: 'checker', command: 'python3 check.py' }
    const path = await newOne(
      [
        test('sorted', { judge, input: 'b a', expected: 'a b', visible: 'all' }),
        test('half', { judge, input: 'a c b', expected: 'b a c' }),
        test('none', {
          judge: { ...judge, command: 'echo only for staff >&2; exit 7' },
          input: 'a',
          expected: 'a',
        }),
      ],
      { 'check.py': checker, 'rule.txt': 'in order' },
    )
    const { staff, student } = await graded(path, { 'main.py': 'print(*sorted(input().split()))' })
    expect(shortly(staff)).toEqual([
      ['sorted', 'passed', 4],
      ['half', 'failed', 2],
      ['none', 'no_decision', 0],
    ])
    expect([staff.points, staff.maxPoints]).toEqual([6, 12])
    expect(staff.tests?.[1]?.message).toBe('secret rule: in order')
    expect(staff.tests?.[2]?.judgeOutput).toContain('only for staff')
    expect(student.tests?.map(({ judgeOutput }) => judgeOutput)).toEqual([null, null, null])
    // What a judge writes for students is shown where the test says so, and nowhere else.
    expect(student.tests?.map(({ message }) => message)).toEqual(['secret rule: in order', null, null])
  })

  it('neither finds nor writes anything of its judge', async () => {
    const judge = { mode: 'checker', command: 'python3 check.py' }
    const path = await newOne([test('theft', { judge, input: 'x', expected: 'secret rule of x' })], {
      'check.py': checker,
      'rule.txt': 'secret rule',
    })
    const { staff } = await graded(path, { 'main.py': thief })
    expect(shortly(staff)).toEqual([['theft', 'failed', 0]])
    expect(staff.tests?.[0]?.output).toBe('found []\n')
    expect(staff.tests?.[0]?.parts).toBeNull()
  })

  it('an interactive judge talks to the program, and only it has the input', async () => {
    const judge = { mode: 'interactive', command: 'python3 game.py' }
    const tests = [test('low', { judge, input: '1' }), test('high', { judge, input: '777' })]
    const path = await newOne(tests, { 'game.py': game })
    expect((await graded(path, { 'main.py': bisect })).staff).toMatchObject({ points: 8, maxPoints: 8 })
    const { staff } = await graded(path, { 'main.py': 'print(1, flush=True); print(input())' })
    expect(shortly(staff)).toEqual([
      ['low', 'passed', 4],
      ['high', 'failed', 0],
    ])
  })

  it('unit tests call what was handed in, each with its points, out of its reach', async () => {
    const folder = '/usr/share/cloche/judge'
    const judge = {
      ...{ mode: 'interactive', command: `PYTHONPATH=${folder} python3 tests.py`, report: 'results.json' },
    }
    const path = await newOne(
      [test('unit', { judge, points: 8, command: `python3 ${folder}/answer.py`, visible: 'all' })],
      { 'tests.py': unitTests },
    )
    const { staff, student } = await graded(path, { 'solution.py': solution })
    expect(shortly(staff)).toEqual([['unit', 'failed', 6]])
    const parts = student.tests?.[0]?.parts ?? []
    expect(parts.map(({ name, passed, points }) => [name.replace(/.*\./, ''), passed, points])).toEqual([
      ['test_add', true, 3],
      ['test_divide', false, 0],
    ])
  })

  it('does what docs/how-to/hand-in-and-grade.md shows', async () => {
    const path = await newOne([], {})
    const { sandbox } = await made(ann, 'POST', `${path}/start`)
    const add = `printf 'def add(a, b): return a + b' > solution.py; echo 'print("apple", "fig", "pear")' > sort.py
      echo 'print(sum(map(int, input().split())) if len(__import__("sys").argv) == 1 else "Usage: sum")' > sum.py`
    await made(ann, 'POST', `/api/v1/sandboxes/${sandbox}/exec`, { command: add })
    await made(ann, 'POST', `${path}/submissions`)
    const { key: apiKey } = await made(owner, 'POST', '/api/v1/keys', { name: 'how-to' })
    const cloche = new Cloche({ url: instance.url, apiKey })
    const page = await readFile('docs/how-to/hand-in-and-grade.md', 'utf8')
    const [list, grade, judges, ...more] = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(
      ([, block = '']) => block,
    )
    expect(more).toEqual([])
    const id = path.split('/').at(-1) ?? ''
    const said: unknown[][] = []
    const perform = (source = '') => {
      const console = { log: (...words: unknown[]) => said.push(words) }
      return new AsyncFunction('cloche', 'assignmentId', 'console', source)(cloche, id, console)
    }
    const points = async () => (await made(owner, 'GET', `${path}/grades`)).items[0]
    await perform(list)
    expect(said).toMatchObject([['Ann', expect.any(String), null, ['solution.py', 'sort.py', 'sum.py']]])
    await perform(grade)
    expect(said.at(-1)?.[0]).toBe('Ann')
    await expect.poll(points, patience).toMatchObject({ state: 'graded', tested: 4, maxPoints: 4 })
    await perform(judges)
    await cloche.assignments.grade(id)
    await expect.poll(points, patience).toMatchObject({ state: 'graded', tested: 12, maxPoints: 12 })
  })

  it('says what is wrong with hidden files that are in the way', async () => {
    const judge = { mode: 'checker', command: 'true' }
    const path = await newOne([test('one', { judge })], { 'case/input': 'mine' })
    const { staff, student } = await graded(path, { 'main.py': '' })
    expect(staff).toMatchObject({ state: 'failed', message: expect.stringContaining('case/input') })
    expect(student.message).toBeNull()
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { caseOf, judgeOf, performOn, stepOf } from '../testing/runs.js'

/** Looks for a word in every file and every process that it can open, and says where it is. */
const search = `
import os, sys
word = b'hidden-' + b'tests'
found = []
def look(path):
  try:
    with open(path, 'rb') as file:
      if word in file.read(1 << 20): found.append(path)
  except OSError: pass
for top in ['/home', '/tmp', '/var/tmp', '/run', '/dev/shm', '/root', '/srv', '/mnt', '/opt']:
  for directory, _, names in os.walk(top):
    for name in names:
      path = os.path.join(directory, name)
      if os.path.isfile(path): look(path)
for pid in [name for name in os.listdir('/proc') if name.isdigit() and int(name) != os.getpid()]:
  for part in ['cmdline', 'environ', 'mem']: look(f'/proc/{pid}/{part}')
  try: names = os.listdir(f'/proc/{pid}/root/home/user')
  except OSError: names = []
  if 'secret.txt' in names or 'case' in names: found.append(f'root of {pid}')
sys.stderr.write(repr(found))
`

/** Leaves two processes that hold every descriptor, one of them in a session of its own. */
const holdPipes = `
import os, signal, time
print('answer', flush=True)
for detached in (True, False):
  if os.fork() == 0:
    if detached: os.setsid()
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
    time.sleep(300)
`

/** Does to its pipes what can be done to them. */
const twistPipes = `
import fcntl, os, sys
for fd in (0, 1):
  for act in [lambda: fcntl.fcntl(fd, 1031, 4096), lambda: fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC),
              lambda: fcntl.flock(fd, fcntl.LOCK_EX), lambda: os.fchmod(fd, 0), lambda: os.write(0, b'forged')]:
    try: act()
    except OSError: pass
try: os.write(os.open('/proc/self/fd/0', os.O_WRONLY), b'forged')
except OSError: pass
fcntl.fcntl(1, fcntl.F_SETFL, 0)
fcntl.fcntl(0, fcntl.F_SETFL, 0)
os.write(1, b'answer\\n')
`

const secret = { path: 'secret.txt', content: 'hidden-tests' }

describe('hostile code beside a judge', () => {
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

  const beside = async (program: string, judge: string, over: object = {}) => {
    const { steps, message } = await performOn({
      files: [{ path: 'program.py', content: program }],
      steps: [stepOf(['python3', 'program.py'])],
      judge: judgeOf('interactive', judge, { files: [secret], ...over }),
    })
    const [step] = steps
    if (step === undefined) throw new Error(`no step: ${message}`)
    return step
  }

  it('finds neither the files nor the processes of the judge, while that runs', async () => {
    // The judge holds the word in a file, in its arguments and in its environment.
    const judge = "HIDDEN=hidden-tests sh -c 'cat secret.txt > case/message; cat > /dev/null' hidden-tests"
    const step = await beside(search, judge)
    expect(step).toMatchObject({
      status: 'ok',
      stderr: { content: '[]' },
      judge: { message: 'hidden-tests' },
    })
    // The same search finds it where it is.
    const own = await performOn({
      ...{
        files: [secret, { path: 'search.py', content: search }],
        steps: [stepOf(['python3', 'search.py'])],
      },
    })
    expect(own.steps[0]?.stderr.content).toContain('/home/user/secret.txt')
  })

  it('finds neither expected outputs nor files in cases of a checker', async () => {
    const { cases } = await performOn({
      files: [{ path: 'search.py', content: search }],
      steps: [stepOf(['python3', 'search.py'])],
      cases: [1, 2, 3].map(() => caseOf('', { expected: 'hidden-tests' })),
      judge: judgeOf('checker', 'cat case/expected > case/message', { files: [secret] }),
    })
    expect(cases.map(({ status, stderr, judge }) => [status, stderr.content, judge?.message])).toEqual(
      Array(3).fill(['ok', '[]', 'hidden-tests']),
    )
  })

  it('ends nobody but itself, whomever it signals', async () => {
    const step = await beside(
      'import os, signal\nfor pid in range(2, 5000):\n  try:\n    if pid not in (os.getpid(), os.getppid()): os.kill(pid, 9)\n  except OSError: pass\nprint("done")',
      'read x; sleep 0.3; test $x = done',
    )
    expect(step.status).toBe('ok')
  })

  it('holds no pipe open after its end, with whatever it leaves behind', async () => {
    const began = performance.now()
    const step = await beside(holdPipes, 'cat > case/message; test "$(cat case/message)" = answer')
    expect(step).toMatchObject({ status: 'ok', leftProcesses: 2, judge: { message: 'answer' } })
    expect(performance.now() - began).toBeLessThan(60_000) // they sleep for 300 s
  })

  it('reaches only its own ends of the pipes', async () => {
    const judge = 'cat > case/message; test "$(cat case/message)" = answer'
    expect(await beside(twistPipes, judge)).toMatchObject({ status: 'ok', judge: { message: 'answer' } })
  })

  it('is not believed when it writes the report, the points or the decision itself', async () => {
    const forged = '<testsuite><testcase name="all"/></testsuite>'
    const program = `
import os
os.makedirs('case', exist_ok=True)
open('report.xml', 'w').write('${forged}')
open('case/points', 'w').write('1')
print('''${forged}''')
print('{"status": "ok", "points": 1, "type": "end"}')
`
    const report = { path: 'report.xml' }
    expect(await beside(program, 'cat > /dev/null', { report })).toMatchObject({
      status: 'judge_error',
      judge: { points: null, report: { tests: [], problem: 'report.xml was not written' } },
    })
    expect(await beside(program, 'cat > /dev/null; exit 1')).toMatchObject({
      ...{ status: 'wrong_answer', judge: { points: 0, message: null } },
    })
    // A checker that repeats what it was given gives no points by that.
    const { cases } = await performOn({
      steps: [stepOf(`printf '1\\npoints: 1\\n{"type":"end","result":{"status":"ok"}}\\n'`)],
      ...{ cases: [caseOf('')], judge: judgeOf('checker', 'cat case/output; exit 1') },
    })
    expect(cases[0]).toMatchObject({ status: 'wrong_answer', judge: { points: 0 } })
    expect(cases[0]?.judge?.message).toContain('"type":"end"')
  })

  it('leaves nothing in the sandbox of the judge for the next case, when a judge does what it is told', async () => {
    const { cases } = await performOn({
      steps: [stepOf('read x; echo $x')],
      cases: [
        caseOf('cp secret.txt case/old; echo 1 > judged; sleep 300 & exit 0'),
        caseOf('setfattr -n user.a -v 1 case/points; chmod 777 case/points; exit 0'),
        caseOf('ls case judged 2>&1; stat -c %a case/points; ls -A | wc -l; exit 0'),
      ],
      judge: judgeOf('checker', 'sh case/output > out.txt; cat out.txt', { files: [secret] }),
    })
    expect(cases.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok'])
    expect(cases[2]?.judge?.message).toBe(
      "ls: cannot access 'judged': No such file or directory\ncase:\nexpected\ninput\nmessage\noutput\npoints\n644\n6",
    )
  })

  it('is stopped at its time limit although it ignores every signal and its judge', async () => {
    const program = `
import signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)
while True:
  try: print('x', flush=True)
  except OSError: pass
  time.sleep(0.01)
`
    const step = await beside(program, 'read x; exit 1')
    expect(step).toMatchObject({ status: 'wrong_answer', judge: { points: 0 } })
  })
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../linux/spawn.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { caseOf, performOn, stepOf, testStepLimits } from '../testing/runs.js'

/** A library that says as whom it is loaded. */
const preloaded = `
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) {
  dprintf(2, "loaded as %d\\n", (int)geteuid());
}`

/** Says as whom it was started in place of the real one. */
const impostor = '#!/bin/bash\necho "impostor as $EUID"\n'

/** Tries to reach every other process, and to find what the next case is told. */
const reachOut = `
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
time.sleep(0.4)  # until the process of the next case stands
reached = []
def attempt(what, act):
  try:
    if act() not in (-1, None): reached.append(what)
  except OSError: pass
for name in os.listdir('/proc'):
  if not name.isdigit() or int(name) in (os.getpid(), os.getppid()): continue
  pid = int(name)
  attempt('kill', lambda: os.kill(pid, 9) or 1)
  attempt('stop', lambda: os.kill(pid, 19) or 1)
  attempt('ptrace', lambda: libc.ptrace(16, pid, 0, 0))
  attempt('seize', lambda: libc.ptrace(0x4206, pid, 0, 0))
  attempt('mem', lambda: open('/proc/%d/mem' % pid, 'r+b'))
  attempt('stdin', lambda: open('/proc/%d/fd/0' % pid, 'w'))
  attempt('command', lambda: open('/proc/%d/fd/3' % pid, 'w'))
  attempt('environ', lambda: open('/proc/%d/environ' % pid).read(1))
  attempt('root', lambda: os.listdir('/proc/%d/root' % pid) and 1)
  attempt('priority', lambda: os.setpriority(os.PRIO_PROCESS, pid, 19) or 1)
  if 'secret' in open('/proc/%d/cmdline' % pid).read(): reached.append('arguments')
print(sorted(set(reached)))
`

/** A daemon that is always a new process, so that it is hard to catch. */
const daemon = `
import os, sys, time
if os.fork() == 0:
  os.setsid()
  while True:
    if os.fork(): os._exit(0)
    time.sleep(0.001)
    try: open('/tmp/alive', 'w').close()
    except OSError: pass
`

describe('hostile code in a run', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let library: string

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), `${testInstance}-`))
    try {
      writeFileSync(join(directory, 'evil.c'), preloaded)
      const output = join(directory, 'evil.so')
      await run('gcc', ['-shared', '-fPIC', '-o', output, join(directory, 'evil.c')])
      library = readFileSync(output).toString('base64')
    } finally {
      rmSync(directory, { recursive: true })
    }
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { poolRuns: 1 })
    await instance.poolFull()
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('is never root: what loads and finds programs is the run’s own only after privileges are dropped', async () => {
    const names = ['setpriv', 'env', 'sh', 'id']
    const { cases } = await performOn({
      files: [
        { path: 'evil.so', content: library, encoding: 'base64' },
        ...names.map((name) => ({ path: `bin/${name}`, content: impostor, executable: true })),
        { path: 'start.sh', content: impostor },
      ],
      env: {
        PATH: '/home/user/bin:/usr/bin:/bin',
        ENV: '/home/user/start.sh',
        BASH_ENV: '/home/user/start.sh',
      },
      steps: [
        stepOf(['/usr/bin/python3', '-c', 'import os; print(os.geteuid(), os.environ["PATH"])'], {
          env: { LD_PRELOAD: '/home/user/evil.so', LD_LIBRARY_PATH: '/home/user' },
        }),
      ],
      cases: [caseOf(''), caseOf('')],
    })
    for (const { stdout, stderr } of cases) {
      expect(stdout.content).toBe('1000 /home/user/bin:/usr/bin:/bin\n')
      expect(new Set(stderr.content.trim().split('\n'))).toEqual(new Set(['loaded as 1000']))
    }
    const found = await performOn({
      files: names.map((name) => ({ path: `bin/${name}`, content: impostor, executable: true })),
      steps: [stepOf(['id'], { env: { PATH: '/home/user/bin' } })],
      cases: [caseOf('')],
    })
    expect(found.cases[0]?.stdout.content).toBe('impostor as 1000\n')
  })

  it('cannot change what the next case starts with in a compile step', async () => {
    const files = ['/bin/sh', '/usr/bin/setpriv', '/usr/bin/env', '/etc/ld.so.preload', '/lib/ld-linux.so.2']
    const attempts = files.map(
      (file) => `cp /home/user/evil ${file}; echo > ${file}; ln -sf /home/user/evil ${file}; rm -f ${file}`,
    )
    const { cases, steps } = await performOn({
      files: [{ path: 'evil', content: impostor, executable: true }],
      steps: [
        stepOf(
          `(${attempts.join('\n')}\nsudo -n cp evil /bin/sh; su -c id; chown 0 evil; chmod 6777 evil) 2>/dev/null; true`,
          {
            compile: true,
          },
        ),
        stepOf('id -u; ls -ln evil | cut -c1-10; ls /etc/ld.so.preload 2>&1 | wc -l; ./evil'),
      ],
      cases: [caseOf('')],
    })
    expect(steps[0]?.status).toBe('ok')
    expect(cases[0]?.stdout.content).toMatch(/^1000\n-rwsrwsrwx\n1\nimpostor as 1000\n$/)
  })

  it('reaches neither the process of the next case nor what it is told', async () => {
    const { cases } = await performOn({
      files: [{ path: 'reach.py', content: reachOut }],
      steps: [stepOf(['python3', 'reach.py'])],
      cases: ['one', 'two', 'three'].map((name) =>
        caseOf(name, { args: [`secret-${name}`], expected: '[]\n' }),
      ),
    })
    expect(cases.map(({ status, stdout }) => [status, stdout.content])).toEqual(Array(3).fill(['ok', '[]\n']))
  })

  it('leaves no daemon and no file for the next case', async () => {
    const look =
      'import os\nprint(sorted(os.listdir("/tmp")), sum(1 for p in os.listdir("/proc") if p.isdigit() and os.stat("/proc/" + p).st_uid == 1000))\n'
    const { cases } = await performOn({
      files: [{ path: 'daemon.py', content: `${look}${daemon}` }],
      steps: [stepOf(['python3', 'daemon.py'])],
      cases: [caseOf(''), caseOf(''), caseOf('')],
    })
    expect(cases.map(({ stdout }) => stdout.content)).toEqual(Array(3).fill('[] 1\n'))
  })

  it('gets its environment and arguments as they are, whatever they are called', async () => {
    const words = ['a\nb', "it's", '"$1"', '$(id)', '\n', '', ' x ', '\\n', 'ü\t']
    const env = { nl: 'N', line: 'L', OPTIND: 'not a number', IFS: 'a', PS4: "'\n$(id)" }
    const show = `import json, os, sys; print(json.dumps([sys.argv[1:], {n: os.environ.get(n) for n in ${JSON.stringify(Object.keys(env))}}]))`
    const [command, expected] = [['python3', '-c', show], JSON.stringify([words, env])]
    const { steps } = await performOn({
      env,
      steps: [stepOf([...command, ...words]), stepOf([...command, ...words])],
    })
    const { cases } = await performOn({
      ...{ env, steps: [stepOf(command)], cases: [caseOf('', { args: words }), caseOf('', { args: words })] },
    })
    for (const { stdout } of [...steps, ...cases]) {
      expect(JSON.stringify(JSON.parse(stdout.content))).toBe(expected)
    }
    expect(steps.length + cases.length).toBe(4)
    const equals = await performOn({
      files: [{ path: 'a=b', content: '#!/bin/sh\necho "$0" "$1"\n', executable: true }],
      ...{ steps: [stepOf(['./a=b', 'x=y'])], cases: [caseOf('')] },
    })
    expect(equals.cases[0]?.stdout.content).toBe('./a=b x=y\n')
  })

  it('ends by signals with their usual names, and has a stack as large as its memory', async () => {
    const { steps } = await performOn({
      steps: [stepOf('ulimit -s; (ulimit -H -s) >/dev/null'), stepOf('kill -ABRT $$')],
    })
    expect(steps.map(({ stdout, signal }) => [stdout.content, signal])).toEqual([
      [`${testStepLimits.memoryMiB * 1024}\n`, null],
      ['', 'SIGABRT'],
    ])
    const { cases } = await performOn({ steps: [stepOf('ulimit -s; kill -IO $$')], cases: [caseOf('')] })
    expect(cases[0]).toMatchObject({
      signal: 'SIGIO',
      stdout: { content: `${testStepLimits.memoryMiB * 1024}\n` },
    })
  })
})

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/index.js'
import { Cloche } from '../../sdk/index.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { type BreakableLine, openProxy } from '../../testing/proxy.js'
import { type OnPty, startOnPty } from '../../testing/pty.js'

const run = promisify(execFile)
/** Other tests may have the processors. */
const patience = { timeout: 15_000 }

describe('the command line', () => {
  let instance: Instance
  let proxy: BreakableLine
  let cloche: Cloche
  let home: string
  let env: NodeJS.ProcessEnv
  /** The id of a sandbox called `box`. */
  let box: string

  beforeAll(async () => {
    instance = await openInstance('cli')
    proxy = await openProxy(instance.url)
    home = await mkdtemp(join(tmpdir(), 'cloche-cli-'))
    const { PATH, LANG } = process.env
    env = { NODE_ENV: 'test', PATH, LANG, HOME: home, XDG_CONFIG_HOME: join(home, 'config') }
    cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    box = (await cloche.sandboxes.create({ name: 'box', limits: { memoryMiB: 128, diskMiB: 64, pids: 64 } }))
      .id
    await call(['login', instance.url], instance.admin.apiKey)
  })
  afterAll(async () => {
    await rm(home, { recursive: true, force: true })
    await proxy?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess =>
    spawn('bin/cloche', args, { env: { ...env, ...more } })
  const end = async (child: ChildProcess, stdin: string | Uint8Array = '') => {
    const code = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.stdin?.on('error', () => {}).end(stdin)
    const [out, err] = await Promise.all(
      [child.stdout, child.stderr].map((one) => (one === null ? '' : text(one))),
    )
    return { code: await code, out: out ?? '', err: err ?? '' }
  }
  const call = (
    args: readonly string[],
    stdin: string | Uint8Array = '',
    more: Readonly<Record<string, string>> = {},
  ) => end(start(args, more), stdin)
  const ok = async (...args: string[]) => {
    const { code, out, err } = await call(args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    return out
  }

  describe('says who it is', () => {
    it('not at all before a login, and how to', async () => {
      const nobody = { XDG_CONFIG_HOME: join(home, 'nobody') }
      expect(await call(['sandbox', 'ls'], '', nobody)).toMatchObject({
        code: 1,
        err: expect.stringContaining('cloche login'),
      })
    })

    it('with a key that it checks and keeps to its owner', async () => {
      expect(await call(['login', instance.url], 'clk_wrong')).toMatchObject({ code: 4 })
      const { code, out } = await call(['login', `${instance.url}/`], `${instance.admin.apiKey}\n`)
      expect({ code, out }).toMatchObject({
        code: 0,
        out: expect.stringContaining(`logged in to ${instance.url}`),
      })
      const file = join(home, 'config/cloche/account.json')
      expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600')
      expect(await ok('sandbox', 'ls')).toMatch(/^ID +NAME/)
    })

    it('with a key that is typed and never shown', async () => {
      const typed = startOnPty('bin/cloche', ['login', instance.url], {
        ...env,
        XDG_CONFIG_HOME: join(home, 'typed'),
      })
      await expect.poll(() => typed.shown, patience).toContain('API key for')
      typed.type(`${instance.admin.apiKey}\r`)
      expect(await typed.exit).toBe(0)
      expect(typed.shown).toContain('logged in')
      expect(typed.shown).not.toContain(instance.admin.apiKey)
    })

    it('with the environment, and sends a stored key nowhere else', async () => {
      const other = { CLOCHE_URL: 'http://127.0.0.1:9' }
      expect((await call(['usage'], '', other)).err).toContain('there is no key for http://127.0.0.1:9')
      const whole = { ...other, CLOCHE_API_KEY: 'clk_x' }
      expect(await call(['usage'], '', whole)).toMatchObject({
        code: 6,
        err: expect.stringContaining('cannot be reached'),
      })
      const wrong = { CLOCHE_URL: instance.url, CLOCHE_API_KEY: 'clk_x' }
      expect(await call(['usage', '--json'], '', wrong)).toMatchObject({
        ...{ code: 4, out: '', err: expect.stringMatching(/^{"error":{"code":"unauthenticated"/) },
      })
    })
  })

  it('makes, lists, pauses, resumes, stops, starts and removes sandboxes', async () => {
    const size = ['--memory', '128', '--disk', '64', '--pids', '64', '--cpus', '0.5']
    const made = await ok('sandbox', 'create', 'lab', ...size, '--meta', 'a=b', '--env', 'X=y')
    expect(made).toMatch(/^sb_\w{20}\n$/)
    expect(await ok('exec', 'lab', 'echo $X; hostname')).toBe('y\nlab\n')
    expect(await ok('sandbox', 'ls')).toMatch(
      new RegExp(`^${box}  box +base +running +\\d+ s +[\\d.]+ [KMi]*B of 128 MiB$`, 'm'),
    )
    expect(JSON.parse(await ok('sandbox', 'ls', '--json'))).toMatchObject([
      { name: 'lab', metadata: { a: 'b' } },
      { id: box, limits: { memoryMiB: 128 } },
    ])
    const other = JSON.parse(
      await ok('sandbox', 'create', '--json', '--memory', '64', '--network', 'none', '--ttl', '600'),
    )
    expect(other).toMatchObject({ network: 'none', ttlSeconds: 600, limits: { memoryMiB: 64 } })
    for (const [act, state] of [
      ['pause', 'paused'],
      ['resume', 'running'],
      ['stop', 'stopped'],
      ['start', 'running'],
    ] as const) {
      expect(JSON.parse(await ok('sandbox', act, other.id, '--json')).state).toBe(state)
    }
    expect(await ok('sandbox', 'rm', other.id, 'lab')).toBe('')
    expect(await ok('sandbox', 'ls', '-q')).toBe(`${box}\n`)
    expect(await call(['sandbox', 'pause', other.id])).toMatchObject({ code: 3 })
    expect(await call(['sandbox', 'rm', 'nobody'])).toMatchObject({
      code: 3,
      err: 'cloche: there is no sandbox nobody\n',
    })
    expect(await call(['sandbox', 'create', '--pids', '100000000'])).toMatchObject({ code: 1 })
    expect(await call(['sandbox', 'create', '--memory', 'much'])).toMatchObject({ code: 2 })
    expect(await call(['sandbox', 'rm'])).toMatchObject({ code: 2 })
  })

  describe('exec', () => {
    it('has the output and the exit code of the command', async () => {
      expect(await call(['exec', 'box', 'echo out; echo err >&2; exit 7'])).toEqual({
        code: 7,
        out: 'out\n',
        err: 'err\n',
      })
      expect(await call(['exec', box, 'sh', '-c', 'kill -9 $$'])).toMatchObject({ code: 137 })
      expect(await call(['exec', '--timeout', '0.1', 'box', 'sleep 60'])).toMatchObject({ code: 124 })
      expect(await ok('exec', '-u', 'root', '-w', '/tmp', '-e', 'N=a b', 'box', 'id -un; pwd; echo $N')).toBe(
        'root\n/tmp\na b\n',
      )
    })

    it("leaves the command's own flags alone, with -- and without", async () => {
      expect(await ok('exec', 'box', 'echo', '-u', '--json', '--', '--help')).toBe('-u --json -- --help\n')
      expect(await ok('exec', 'box', '--', 'echo', '--json')).toBe('--json\n')
    })

    it('passes bytes both ways, and stdin only when it is asked to', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
      await writeFile(join(home, 'bytes'), bytes)
      const script = `bin/cloche exec -i box cat < ${join(home, 'bytes')} | cmp - ${join(home, 'bytes')}`
      await run('sh', ['-c', script], { env })
      expect((await call(['exec', 'box', 'cat'], 'not read')).out).toBe('')
    })

    it('streams, and ends quietly when its reader has enough', async () => {
      const script = 'set -o pipefail; bin/cloche exec box yes | head -n 2; echo $?'
      const { stdout } = await run('bash', ['-c', script], { env })
      expect(stdout).toBe('y\ny\n141\n')
    })

    it('kills the command when it is interrupted', async () => {
      const child = start(['exec', 'box', 'echo on; sleep 4321'])
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      child.kill('SIGINT')
      await end(child)
      const alive = async () => (await cloche.sandboxes.at(box).exec("pgrep -f '^sleep 4321'")).exitCode
      await expect.poll(alive, patience).toBe(1)
    })

    it('says 125 when it is not the command that failed', async () => {
      expect(await call(['exec', newId('sb'), 'true'])).toMatchObject({ code: 125 })
      expect(await call(['exec', 'nobody', 'true'])).toMatchObject({ code: 125 })
      expect(await call(['exec', '--no-such-flag', 'box', 'true'])).toMatchObject({ code: 125 })
      expect(await call(['exec', 'box'])).toMatchObject({ code: 125 })
    })

    it('has all of it in one piece with --json', async () => {
      const { code, out } = await call(['exec', '--json', 'box', 'echo hi; exit 2'])
      expect(code).toBe(2)
      expect(JSON.parse(out)).toMatchObject({ exitCode: 2, stdout: 'hi\n', stderr: '', timedOut: false })
    })
  })

  describe('cp', () => {
    const put = async (name: string, content: string) => {
      await mkdir(join(home, name, '..'), { recursive: true })
      await writeFile(join(home, name), content)
      return join(home, name)
    }

    it('copies files in and out, into directories and under new names', async () => {
      const file = await put('a.txt', 'hello\n')
      await chmod(file, 0o750)
      await ok('cp', file, 'box:in/b.txt')
      await ok('cp', file, 'box:in')
      await ok('cp', file, 'box:')
      expect(await ok('exec', 'box', 'cat in/b.txt in/a.txt a.txt; stat -c %a a.txt')).toBe(
        'hello\nhello\nhello\n750\n',
      )
      await ok('cp', 'box:a.txt', join(home, 'back.txt'))
      expect(await readFile(join(home, 'back.txt'), 'utf8')).toBe('hello\n')
      expect((await stat(join(home, 'back.txt'))).mode & 0o777).toBe(0o750)
      await mkdir(join(home, 'dir'))
      await ok('cp', 'box:/home/user/in/b.txt', join(home, 'dir'))
      expect(await readFile(join(home, 'dir/b.txt'), 'utf8')).toBe('hello\n')
    })

    it('copies stdin in, and a file to stdout', async () => {
      expect(await call(['cp', '-', 'box:piped'], 'from a pipe')).toMatchObject({ code: 0 })
      expect(await ok('cp', 'box:piped', '-')).toBe('from a pipe')
    })

    it('copies directories both ways, with links and modes', async () => {
      await put('tree/deep/one', '1\n')
      await put('tree/big', 'x'.repeat(1_000_000))
      await symlink('deep/one', join(home, 'tree/link'))
      await ok('cp', join(home, 'tree'), 'box:copied')
      await ok('cp', join(home, 'tree'), 'box:copied')
      const find = 'cd copied && find . | sort && cat link tree/link && wc -c < big'
      expect(await ok('exec', 'box', find)).toBe(
        `${['.', './big', './deep', './deep/one', './link', './tree', './tree/big', './tree/deep', './tree/deep/one', './tree/link'].join('\n')}\n1\n1\n1000000\n`,
      )
      await ok('cp', 'box:copied/tree', join(home, 'fetched'))
      expect(await readFile(join(home, 'fetched/deep/one'), 'utf8')).toBe('1\n')
      expect(await readlink(join(home, 'fetched/link'))).toBe('deep/one')
      expect((await stat(join(home, 'fetched/big'))).size).toBe(1_000_000)
    })

    it('is not led out of its target by what is in the sandbox', async () => {
      await ok('exec', 'box', `mkdir evil; ln -s ${home} evil/out; ln -s / evil/root`)
      await ok('cp', 'box:evil', join(home, 'evil'))
      await put('evil2/x', '')
      await symlink(home, join(home, 'evil2/sub'))
      await ok('exec', 'box', 'mkdir -p evil2/sub; echo got you > evil2/sub/got')
      const led = await call(['cp', 'box:evil2/.', join(home, 'evil2')])
      expect(led).toMatchObject({ code: 1, err: expect.stringContaining('is in the way') })
      await expect(stat(join(home, 'got'))).rejects.toThrow(/ENOENT/)
    })

    it('says what is wrong', async () => {
      expect(await call(['cp', join(home, 'none'), 'box:x'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('there is no'),
      })
      expect(await call(['cp', 'box:none', home])).toMatchObject({ code: 3 })
      expect(await call(['cp', 'box:a.txt', '/proc/none'])).toMatchObject({
        code: 1,
        err: expect.stringContaining('ENOENT'),
      })
      expect(await call(['cp', 'a', 'b'])).toMatchObject({ code: 2 })
      expect(await call(['cp', 'box:a', 'box:b'])).toMatchObject({ code: 2 })
      expect(await call(['cp', '-', 'box:in'])).toMatchObject({ code: 1 })
    })

    it('says how `--json` programs want it', async () => {
      expect(JSON.parse(await ok('cp', '--json', 'box:a.txt', join(home, 'x')))).toMatchObject({ bytes: 6 })
    })
  })

  describe('shell', () => {
    const open = (args: readonly string[], url = instance.url): OnPty =>
      startOnPty('bin/cloche', ['shell', ...args], {
        ...env,
        CLOCHE_URL: url,
        CLOCHE_API_KEY: instance.admin.apiKey,
      })
    const sees = (shell: OnPty, what: RegExp) => expect.poll(() => shell.shown, patience).toMatch(what)

    it('is a true terminal: raw keys, its size and changes of it, and the exit code', async () => {
      const shell = open(['box'])
      await sees(shell, /\$ $/)
      shell.type('stty size\r')
      await sees(shell, /24 80/)
      shell.resize(100, 30)
      shell.type('\r')
      await expect
        .poll(() => {
          shell.type('stty size\r')
          return shell.shown
        }, patience)
        .toContain('30 100')
      shell.type('echo o""n; sleep 1000\r')
      await sees(shell, /on\r\n/)
      shell.type('\x03')
      await sees(shell, /\^C[\s\S]*\$ $/)
      shell.type('echo $((6*7)); exit 9\r')
      await sees(shell, /42\r\nlogout\r\n/)
      expect(await shell.exit).toBe(9)
    })

    it('takes the line up again where it broke', async () => {
      const shell = open(
        ['box', 'bash', '-c', 'for i in $(seq 400); do echo line $i; sleep 0.005; done'],
        proxy.url,
      )
      await sees(shell, /line 100\r/)
      proxy.cut()
      expect(await shell.exit).toBe(0)
      expect(shell.shown.match(/line \d+\r\n/g)).toHaveLength(400)
    })

    it('says when the line stays down, and goes on', async () => {
      const shell = open(['box'], proxy.url)
      await sees(shell, /\$ $/)
      proxy.open = false
      proxy.cut()
      await sees(shell, /the line is down/)
      proxy.open = true
      shell.type('echo back $((40+2))\r')
      await sees(shell, /here again[\s\S]*back 42/)
      shell.type('exit\r')
      expect(await shell.exit).toBe(0)
    })

    it('is left with ~. as it is, put back, and come back to', async () => {
      const first = open(['box', 'sh', '-c', 'printf "\\033[?1049h\\033[?25lfull screen"; cat'])
      await sees(first, /full screen/)
      first.type('~.')
      expect(await first.exit).toBe(0)
      const [, id = ''] = first.shown.match(/cloche shell --attach (tm_\w+) box/) ?? []
      expect(first.shown).toMatch(/\x1b\[\?1049l\x1b\[\?25h\x1b\[0m$/)
      expect(await ok('shell', '--list', 'box')).toMatch(new RegExp(`^${id} +.* runs$`, 'm'))
      const again = open(['--attach', id, 'box'])
      await sees(again, /full screen/)
      again.type('\r~~.\r\x04')
      await sees(again, /~\.\r\n/)
      expect(await again.exit).toBe(0)
    })

    it('leaves the terminal alone when it is killed kindly', async () => {
      const shell = open(['box', 'sleep', '600'])
      await expect.poll(async () => (await ok('shell', '-l', 'box')).includes('sleep'), patience).toBe(true)
      shell.type('\r')
      shell.child.kill('SIGTERM')
      await shell.exit
      expect(await ok('shell', '--list', 'box')).toMatch(/sleep.* runs/)
    })

    it('needs a terminal, and says 125 when Cloche fails', async () => {
      expect(await call(['shell', 'box'])).toMatchObject({
        code: 125,
        err: expect.stringContaining('needs a terminal'),
      })
      const nowhere = open([newId('sb')])
      expect(await nowhere.exit).toBe(125)
      const gone = open(['--attach', newId('tm'), 'box'])
      expect(await gone.exit).toBe(125)
      expect(gone.shown).toContain('no such terminal')
    })
  })

  describe('run', () => {
    const program = async (name: string, content: string) => {
      await writeFile(join(home, name), content)
      return join(home, name)
    }

    it('runs a program of its language with our stdin and its own arguments', async () => {
      const sum = await program('sum.py', 'import sys; print(sum(map(int, input().split())), sys.argv[1:])')
      expect(await call(['run', sum, 'a b', '--json', '-n'], '19 23')).toMatchObject({
        code: 0,
        out: "42 ['a b', '--json', '-n']\n",
      })
      const nameless = await program('nameless', 'print("hi")')
      expect(await call(['run', '--language', 'python', nameless])).toMatchObject({ code: 0, out: 'hi\n' })
      expect(await call(['run', nameless])).toMatchObject({
        code: 125,
        err: expect.stringContaining('--language'),
      })
      expect(await call(['run', join(home, 'none.py')])).toMatchObject({
        code: 125,
        err: expect.stringContaining('no such file'),
      })
    })

    it('compiles, takes other files along, and passes bytes', async () => {
      const main = await program(
        'main.c',
        '#include <stdio.h>\n#include "n.h"\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); return N; }',
      )
      const header = await program('n.h', '#define N 7')
      const bytes = Buffer.from([0, 255, 10, 128])
      await writeFile(join(home, 'raw'), bytes)
      const script = `bin/cloche run -f ${header} ${main} < ${join(home, 'raw')} > ${join(home, 'copied')}; echo $?`
      expect((await run('sh', ['-c', script], { env })).stdout).toBe('7\n')
      expect(await readFile(join(home, 'copied'))).toEqual(bytes)
      const wrong = await call([
        'run',
        '--no-stdin',
        await program('wrong.c', 'int main(void) { return x; }'),
      ])
      expect(wrong).toMatchObject({
        code: 120,
        out: '',
        err: expect.stringMatching(/undeclared[\s\S]*cloche: compile_error/),
      })
    })

    it.each<[string, string[], number]>([
      ['a command', ['--', 'echo out; echo err >&2; exit 4'], 4],
      ['words', ['--', 'sh', '-c', 'exit 5'], 5],
      ['a signal', ['--', 'kill -TERM $$'], 143],
      ['the end of its time', ['--timeout', '0.2', '--', 'sleep 60'], 124],
      ['the end of its processor time', ['--cpu', '0.2', '--', 'while :; do :; done'], 124],
      ['the end of its memory', ['--memory', '32', '--', 'python3', '-c', 'x = "x" * 10**8'], 137],
      ['a flag that is none', ['--nope', '--', 'true'], 125],
      ['nothing', [], 125],
    ])('has the exit code of %s', async (_, args, code) => {
      expect(await call(['run', ...args])).toMatchObject({ code })
    })

    it('has all of it in one piece with --json', async () => {
      const { code, out } = await call(['run', '--json', '--', 'echo hi; exit 2'])
      expect(code).toBe(2)
      expect(JSON.parse(out)).toMatchObject({
        status: 'runtime_error',
        steps: [{ exitCode: 2, stdout: { content: 'hi\n' } }],
      })
    })

    it('leaves a run alone, follows it, lists it and cancels it', async () => {
      const id = (await ok('run', '--detach', '--', 'echo begun; sleep 0.5; echo done')).trim()
      expect(await ok('logs', id)).toBe('begun\ndone\n')
      expect(await ok('logs', id)).toBe('begun\ndone\n')
      const events = (await ok('logs', '--json', id)).trim().split('\n')
      expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ type: 'result', run: { id } })
      const long = (await ok('run', '-d', '--', 'sleep 600')).trim()
      expect(JSON.parse(await ok('runs', 'cancel', '--json', long))).toMatchObject({
        id: long,
        state: 'canceled',
      })
      expect(await ok('runs', 'ls')).toMatch(new RegExp(`^${id} +base +finished +ok`, 'm'))
      expect(await ok('runs', 'ls', '--state', 'canceled')).not.toContain(id)
      expect(await call(['logs', 'rn_00000000000000000000'])).toMatchObject({ code: 3 })
      expect(await call(['runs', 'ls', '--state', 'lost'])).toMatchObject({ code: 2 })
    })

    it('knows the languages', async () => {
      expect(await ok('languages')).toMatch(/^python +Python +3\./m)
    })
  })

  it('says what was used, and what may be', async () => {
    expect(await ok('usage')).toMatch(/^used from [\s\S]*CPU h[\s\S]*^sandboxes +1 +\d+$/m)
    expect(JSON.parse(await ok('usage', '--json', '--from', '2026-01-01'))).toMatchObject({
      quota: { used: { sandboxes: 1 } },
    })
    expect(await ok('usage', '--hours')).toMatch(/^HOUR/)
    expect(await call(['usage', '--from', 'yesterday'])).toMatchObject({ code: 2 })
  })

  describe('completes', () => {
    it('in bash', async () => {
      const at = async (line: string) => {
        const words = line.split(' ')
        const script = `source <(cloche completion bash); COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; compopt() { :; }; _cloche; printf '%s\\n' "\${COMPREPLY[@]}"`
        const { stdout } = await run('bash', ['-c', script], {
          env: { ...env, PATH: `${process.cwd()}/bin:${env.PATH}` },
        })
        return stdout.trim().split('\n')
      }
      expect(await at('cloche sand')).toEqual(['sandbox'])
      expect(await at('cloche sandbox p')).toEqual(['pause'])
      expect(await at('cloche exec b')).toEqual(['box'])
      expect(await at('cloche cp b')).toEqual(['box:'])
      expect(await at('cloche exec --ti')).toEqual(['--timeout'])
      expect(await at('cloche up --d')).toEqual(['--detach'])
    })

    it('in fish', async () => {
      const at = async (line: string) => {
        const script = `bin/cloche completion fish | source; complete -C '${line}'`
        const { stdout } = await run('fish', ['--no-config', '-c', script], {
          env: { ...env, PATH: `${process.cwd()}/bin:${env.PATH}` },
        })
        return stdout.trim().split('\n')
      }
      expect(await at('cloche sand')).toEqual(['sandbox'])
      expect(await at('cloche exec b')).toEqual(['box'])
      expect(await at('cloche sandbox ')).toContain('pause')
    })

    it('in zsh', async () => {
      const zsh = startOnPty('zsh', ['-f'], {
        ...env,
        PATH: `${process.cwd()}/bin:${env.PATH}`,
        TERM: 'dumb',
      })
      zsh.type('PS1="ready> "; autoload -U compinit; compinit -u -D; source <(cloche completion zsh)\r')
      await expect.poll(() => zsh.shown, patience).toMatch(/ready> (\x1b\[\?2004h)?$/)
      zsh.type('cloche sand\tls --help\r')
      await expect.poll(() => zsh.shown, patience).toMatch(/cloche sandbox ls\r?\n +Lists sandboxes/)
      zsh.type('exit\r')
      await zsh.exit
    })
  })

  it('loads nothing but itself for a plain call, so that it starts fast', async () => {
    const loaded = join(home, 'loaded')
    expect((await call(['sandbox', 'ls'], '', { NODE_V8_COVERAGE: loaded })).code).toBe(0)
    const [report = ''] = await readdir(loaded)
    const scripts = await readFile(join(loaded, report), 'utf8')
    expect(scripts).toContain('dist/cli/index.js')
    expect(scripts).not.toMatch(/node_modules/)
  })

  it('forgets the key at logout', async () => {
    const other = { XDG_CONFIG_HOME: join(home, 'other') }
    expect(await call(['login', instance.url], instance.admin.apiKey, other)).toMatchObject({ code: 0 })
    expect(await call(['logout'], '', other)).toMatchObject({ code: 0 })
    expect(await call(['sandbox', 'ls'], '', other)).toMatchObject({ code: 1 })
  })
})

import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'
import { startInTerminal } from '../../testing/terminal.js'

const run = promisify(execFile)
/** Other tests may have the processors. */
const patience = { timeout: 15_000 }

describe('the command line', () => {
  let line: CommandLine
  let instance: CommandLine['instance']
  let box: CommandLine['box']
  let home: CommandLine['home']
  let env: CommandLine['env']

  beforeAll(async () => {
    line = await openCommandLine()
    ;({ instance, box, home, env } = line)
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const call: CommandLine['call'] = (...args) => line.call(...args)
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

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
        out: expect.stringContaining(`Logged in to ${instance.url}`),
      })
      const file = join(home, 'config/cloche/account.json')
      expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600')
      expect(await ok('sandbox', 'ls')).toMatch(/^ID +NAME/)
    })

    it('with a key that is typed and never shown', async () => {
      const typed = startInTerminal('bin/cloche', ['login', instance.url], {
        ...env,
        XDG_CONFIG_HOME: join(home, 'typed'),
      })
      await expect.poll(() => typed.shown, patience).toContain('API key for')
      typed.type(`${instance.admin.apiKey}\r`)
      expect(await typed.exit).toBe(0)
      expect(typed.shown).toContain('Logged in')
      expect(typed.shown).not.toContain(instance.admin.apiKey)
    })

    it('with the environment, and sends a stored key nowhere else', async () => {
      const other = { CLOCHE_URL: 'http://127.0.0.1:9' }
      expect((await call(['usage'], '', other)).err).toContain('no API key is stored for http://127.0.0.1:9')
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
    const size = ['--memory', '128m', '--disk', '0.0625g', '--pids', '64', '--cpus', '0.5']
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
      await ok('sandbox', 'create', '--json', '--memory', '64', '--network', 'none', '--ttl', '10m'),
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
    expect(JSON.parse(await ok('sandbox', 'stop', '--grace', '10s', other.id, '--json')).state).toBe(
      'stopped',
    )
    expect(await call(['sandbox', 'stop', '--grace', '2m', other.id])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^cloche: --grace: .*60/),
    })
    expect(await ok('sandbox', 'rm', other.id, 'lab')).toBe('')
    expect(await ok('sandbox', 'ls', '-q')).toBe(`${box}\n`)
    expect(await call(['sandbox', 'pause', other.id])).toMatchObject({ code: 3 })
    expect(await call(['sandbox', 'rm', 'nobody'])).toMatchObject({
      code: 3,
      err: 'cloche: there is no sandbox nobody\n',
    })
    expect(await call(['sandbox', 'create', '--pids', '100000000'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^cloche: --pids: .*65536/),
    })
    expect(await call(['sandbox', 'create', '--memory', '1m'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^cloche: --memory \(MiB\): .*16/),
    })
    expect(await call(['sandbox', 'create', '--isolation', 'none'])).toMatchObject({ code: 2 })
    expect(await call(['sandbox', 'create', '--memory', 'much'])).toMatchObject({ code: 2 })
    expect(await call(['sandbox', 'rm'])).toMatchObject({ code: 2 })
  })

  it('shows, changes and opens one sandbox, and says who calls', async () => {
    await ok('sandbox', 'create', 'desk', '--memory', '128m', '--disk', '64m', '--isolation', 'standard')
    expect(await ok('sandbox', 'get', 'desk')).toMatch(
      /^Id: +sb_\w+\nName: +desk\nTemplate: +base\nState: +running\nIsolation: +standard\nCPUs: .*\nMemory: +[\d.]+ .?i?B of 128 MiB\n/,
    )
    const edited = await ok('sandbox', 'edit', 'desk', '--memory', '0.25g', '--name', 'bench', '--ttl', '2h')
    expect(edited).toMatch(/^Name: +bench$/m)
    expect(edited).toMatch(/of 256 MiB$/m)
    const after = JSON.parse(await ok('sandbox', 'get', 'bench', '--json'))
    expect(after).toMatchObject({ name: 'bench', ttlSeconds: 7200, limits: { memoryMiB: 256, diskMiB: 64 } })
    expect(JSON.parse(await ok('sandbox', 'edit', 'bench', '--ttl', 'none', '--json')).ttlSeconds).toBeNull()
    expect(await ok('sandbox', 'edit', 'bench', '--idle', 'pause=30m,stop=12h')).toMatch(
      /^Idle: +paused after 1800 s, stopped after 43200 s$/m,
    )
    expect(await ok('sandbox', 'edit', 'bench', '--idle', 'none')).toMatch(/^Idle: +stays awake$/m)
    expect(await call(['sandbox', 'edit', 'bench', '--idle', 'sleep'])).toMatchObject({ code: 2 })
    expect(await call(['sandbox', 'edit', 'bench'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--memory'),
    })
    expect(await ok('sandbox', 'open', 'bench')).toBe(`${instance.url}/sandboxes/${after.id}\n`)
    await ok('sandbox', 'rm', 'bench')
    const { tenant } = await line.cloche.me()
    expect(await ok('whoami')).toMatch(new RegExp(`^Server: +${instance.url}\nTenant: .*${tenant.id}`))
    expect(JSON.parse(await ok('whoami', '--json'))).toMatchObject({ url: instance.url, tenant })
  })

  it('makes keys with limits, and says which limits a key has', async () => {
    const options = [
      '--template',
      'base',
      '--sandboxes',
      '2',
      '--ttl',
      '1h',
      '--network',
      'none',
      '--own-only',
    ]
    const key = (await ok('key', 'create', 'robot', ...options, '--expires', '30d')).trim()
    expect(key).toMatch(/^clk_/)
    const limits = 'templates base, sandboxes 2, ttlSeconds 3600, network none, ownOnly'
    expect(await ok('key', 'ls')).toMatch(new RegExp(`^ky_\\w+ +robot .*${limits}`, 'm'))
    const robot = { CLOCHE_API_KEY: key, CLOCHE_URL: instance.url }
    expect((await call(['whoami'], '', robot)).out).toMatch(new RegExp(`^Limits: +${limits}$`, 'm'))
    expect(await call(['key', 'create', 'more'], '', robot)).toMatchObject({ code: 4 })
    expect(await call(['key', 'create', 'x', '--sandboxes', '20000'])).toMatchObject({
      err: expect.stringContaining('--sandboxes'),
    })
    const [{ id }] = JSON.parse(await ok('key', 'ls', '--json'))
    await ok('key', 'rm', id)
    expect((await call(['whoami'], '', robot)).code).not.toBe(0)
  })

  it('says what was used, and what may be', async () => {
    expect(await ok('usage')).toMatch(/^Used from [\s\S]*CPU HOURS[\s\S]*^sandboxes +1 +\d+ +\d+$/m)
    expect(await ok('usage')).toMatch(/^memory +128 MiB +[\d.]+ [GT]iB +[\d.]+ [GT]iB$/m)
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
      const zsh = startInTerminal('zsh', ['-f'], {
        ...env,
        PATH: `${process.cwd()}/bin:${env.PATH}`,
        TERM: 'dumb',
      })
      zsh.type('PS1="ready> "; autoload -U compinit; compinit -u -D; source <(cloche completion zsh)\r')
      await expect.poll(() => zsh.shown, patience).toMatch(/ready> (\x1b\[\?2004h)?$/)
      zsh.type('cloche sand\tls --help\r')
      await expect.poll(() => zsh.shown, patience).toMatch(/cloche sandbox ls\r?\n +List sandboxes/)
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
    expect(scripts.match(/file:[^"]*\/node_modules\/[^"]*/g) ?? []).toEqual([])
  })

  it('forgets the key at logout', async () => {
    const other = { XDG_CONFIG_HOME: join(home, 'other') }
    expect(await call(['login', instance.url], instance.admin.apiKey, other)).toMatchObject({ code: 0 })
    expect(await call(['logout'], '', other)).toMatchObject({ code: 0 })
    expect(await call(['sandbox', 'ls'], '', other)).toMatchObject({ code: 1 })
  })
})

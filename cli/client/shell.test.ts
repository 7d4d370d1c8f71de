import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'
import { type BreakableLine, openProxy } from '../../testing/proxy.js'
import { startInTerminal, type TerminalProgram } from '../../testing/terminal.js'

/** Other tests may have the processors. */
const patience = { timeout: 15_000 }

describe('cloche shell', () => {
  let line: CommandLine
  let instance: CommandLine['instance']
  let env: CommandLine['env']
  let proxy: BreakableLine

  beforeAll(async () => {
    line = await openCommandLine()
    ;({ instance, env } = line)
    proxy = await openProxy(instance.url)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await line[Symbol.asyncDispose]()
  })
  const call: CommandLine['call'] = (...args) => line.call(...args)
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

  const open = (args: readonly string[], url = instance.url): TerminalProgram =>
    startInTerminal('bin/cloche', ['shell', ...args], {
      ...env,
      CLOCHE_URL: url,
      CLOCHE_API_KEY: instance.admin.apiKey,
    })
  const sees = (shell: TerminalProgram, what: RegExp) =>
    expect.poll(() => shell.shown, patience).toMatch(what)

  it('is that of root with --user root', async () => {
    const shell = open(['--user', 'root', 'box', 'id', '-un'])
    await sees(shell, /\broot\r?\n/)
    expect(await shell.exit).toBe(0)
    const wrong = open(['--user', 'nobody', 'box'])
    await sees(wrong, /--user must be user or root, not nobody/)
    expect(await wrong.exit).toBe(125)
  })

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
    await sees(shell, /connection lost/)
    proxy.open = true
    shell.type('echo back $((40+2))\r')
    await sees(shell, /reconnected[\s\S]*back 42/)
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
    expect(await ok('shell', '--list', 'box')).toMatch(new RegExp(`^${id} +.* running$`, 'm'))
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
    shell.kill('SIGTERM')
    await shell.exit
    expect(await ok('shell', '--list', 'box')).toMatch(/sleep.* running/)
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
    expect(gone.shown).toContain('terminal not found')
  })
})

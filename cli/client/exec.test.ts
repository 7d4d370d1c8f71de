import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

const run = promisify(execFile)
/** Other tests may have the processors. */
const patience = { timeout: 15_000 }

describe('cloche exec', () => {
  let line: CommandLine
  let cloche: CommandLine['cloche']
  let box: CommandLine['box']
  let home: CommandLine['home']
  let env: CommandLine['env']

  beforeAll(async () => {
    line = await openCommandLine()
    ;({ cloche, box, home, env } = line)
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const start: CommandLine['start'] = (...args) => line.start(...args)
  const end: CommandLine['end'] = (...args) => line.end(...args)
  const call: CommandLine['call'] = (...args) => line.call(...args)
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

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

  it('passes input on as it comes, of any length, and kills the command when it is interrupted', async () => {
    const script = 'head -c 30000000 /dev/zero | bin/cloche exec -i box wc -c'
    expect((await run('sh', ['-c', script], { env })).stdout.trim()).toBe('30000000')
    expect(await call(['exec', '-i', 'box', 'read x; echo "$x"; exit 5'], 'first\nmore\n')).toEqual({
      ...{ code: 5, out: 'first\n', err: '' },
    })
    const enough = 'yes | bin/cloche exec -i box cat | head -n 1'
    expect((await run('sh', ['-c', enough], { env })).stdout).toBe('y\n')
    const child = start(['exec', '-i', 'box', 'echo on; sleep 4322'])
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    child.kill('SIGINT')
    await end(child)
    await expect
      .poll(
        async () => (await cloche.sandboxes.at(box).exec("pgrep -f '^(sleep 4322|cat)'")).exitCode,
        patience,
      )
      .toBe(1)
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

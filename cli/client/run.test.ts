import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

const run = promisify(execFile)
describe('cloche run', () => {
  let line: CommandLine
  let home: CommandLine['home']
  let env: CommandLine['env']

  beforeAll(async () => {
    line = await openCommandLine()
    ;({ home, env } = line)
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const call: CommandLine['call'] = (...args) => line.call(...args)
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

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
    const wrong = await call(['run', '--no-stdin', await program('wrong.c', 'int main(void) { return x; }')])
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
    const failed = (await ok('run', '-d', '--', 'echo out; exit 7')).trim()
    expect(await call(['logs', failed])).toMatchObject({ code: 7, out: 'out\n' })
    expect(await call(['logs', '--json', failed])).toMatchObject({ code: 7, err: '' })
    expect(await call(['logs', 'rn_00000000000000000000'])).toMatchObject({ code: 3 })
    expect(await call(['runs', 'ls', '--state', 'lost'])).toMatchObject({ code: 2 })
  })

  it('knows the languages', async () => {
    expect(await ok('languages')).toMatch(/^python +Python +3\./m)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

describe('cloche process', () => {
  let line: CommandLine

  beforeAll(async () => {
    line = await openCommandLine()
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const call: CommandLine['call'] = (...args) => line.call(...args)
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

  it('starts what outlives it, lists it, prints its output and its end', async () => {
    const id = (
      await ok('process', 'start', '-e', 'X=y', 'box', 'echo $X; echo oh >&2; sleep 0.2; exit 6')
    ).trim()
    expect(id).toMatch(/^pr_/)
    expect(await call(['process', 'logs', 'box', id])).toEqual({ code: 6, out: 'y\n', err: 'oh\n' })
    expect(await ok('process', 'ls', 'box')).toMatch(new RegExp(`^ID .*\n${id} +exited 6 .*5 B .*echo \\$X`))
  })

  it('passes input, and kills or signals', async () => {
    const { out } = await call(['process', 'start', '-i', 'box', 'sort'], 'b\na\n')
    expect((await call(['process', 'logs', 'box', out.trim()])).out).toBe('a\nb\n')
    const sleeper = (await ok('process', 'start', '--timeout', '1h', 'box', 'sleep', '999')).trim()
    await ok('process', 'kill', '-s', 'term', 'box', sleeper)
    expect(await call(['process', 'logs', 'box', sleeper])).toMatchObject({ code: 143 })
    await ok('process', 'kill', 'box', sleeper)
    expect(await call(['process', 'logs', 'box', sleeper])).toMatchObject({ code: 125 })
    expect(await call(['process', 'kill', '-s', 'NONE', 'box', sleeper])).toMatchObject({ code: 2 })
  })

  it('says what is missing', async () => {
    expect((await call(['process', 'start', 'box'])).err).toContain('specify a command')
    expect((await call(['process', 'logs', 'box'])).err).toContain('specify a process')
  })
})

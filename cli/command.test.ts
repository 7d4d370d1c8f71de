import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Command, helpOf, parseCall, UsageError } from './command.js'
import { outcomeOf, startProgram } from './testing/instance.js'

const command: Command = {
  name: 'box ls',
  operands: 'NAME…',
  summary: 'Lists boxes.',
  flags: {
    all: { type: 'boolean', short: 'a', help: 'also hidden ones' },
    format: { type: 'string', help: 'how to print' },
  },
  run: async () => 0,
}

describe('a command line', () => {
  it('has words, and flags by name', () => {
    const call = parseCall(command, ['one', '-a', '--format', 'json', '--', '--two'])
    expect(call.words).toEqual(['one', '--two'])
    expect(call.has('all')).toBe(true)
    expect(call.text('format')).toBe('json')
    expect(parseCall(command, []).text('format')).toBeUndefined()
  })

  it.each([[['--nonsense']], [['--format']], [['--all=yes']]])('that is wrong is refused: %j', (args) => {
    expect(() => parseCall(command, args)).toThrow(UsageError)
  })

  it('is explained', () => {
    expect(helpOf(command)).toMatch(
      /^cloche box ls NAME…\n {2}Lists boxes\.\n\n {2}-a, --all +also hidden ones\n/,
    )
  })
})

describe('bin/cloche', () => {
  const cloche = (...args: string[]) => outcomeOf(startProgram(join('bin', 'cloche'), args))

  it('lists its commands', async () => {
    const { code, said } = await cloche()
    expect(said).toMatch(/^ {2}up {2}.*\n {2}down {2}.*\n {2}doctor /m)
    expect(code).toBe(0)
  })

  it('says what a command takes', async () => {
    expect(await cloche('template', 'build', '--help')).toMatchObject({
      code: 0,
      said: expect.stringContaining('cloche template build NAME…'),
    })
  })

  it.each([[['nonsense']], [['template']], [['up', '--nonsense']], [['template', 'build']], [['password']]])(
    'ends with 2 when it is called wrongly: %j',
    async (args) => {
      expect((await cloche(...args)).code).toBe(2)
    },
  )

  it.each(['up', 'down', 'template ls', 'setup'])(
    'needs root for %s, and says what to type',
    async (name) => {
      const { code, said } = await outcomeOf(
        // In a user namespace that maps nobody, the caller is nobody.
        startProgram('unshare', ['--user', join('bin', 'cloche'), ...name.split(' ')]),
      )
      expect(said).toBe(`cloche: ${name} needs root. Type: sudo bin/cloche ${name}\n`)
      expect(code).toBe(1)
    },
  )
})

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { outcomeOf, startProgram } from '../supervisor/testing/instance.js'
import { type Command, helpOf, parseCall, UsageError } from './command.js'

const command: Command = {
  name: 'box ls',
  group: 'Sandboxes',
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

  it('names the option that was probably meant', () => {
    expect(() => parseCall(command, ['--fromat', 'json'])).toThrow(
      'cloche box ls has no option --fromat; did you mean --format?',
    )
    expect(() => parseCall(command, ['--nonsense'])).toThrow('Run cloche box ls --help to see its options')
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

  it.each([[[]], [['help']], [['--help']], [['-h']]])('lists its commands by group: %j', async (args) => {
    const { code, said } = await cloche(...args)
    expect(said).toMatch(/^This machine \(needs root\):\n {2}up {2}.*\n {2}down {2}.*\n {2}doctor /m)
    expect(said).toMatch(/^Sandboxes:\n {2}sandbox ls /m)
    expect(code).toBe(0)
  })

  it('lists the commands of a group', async () => {
    for (const args of [
      ['help', 'sandbox'],
      ['sandbox', '--help'],
    ]) {
      const { code, said } = await cloche(...args)
      expect(said).toMatch(/^cloche sandbox COMMAND:\n {2}sandbox ls /)
      expect(said).not.toContain('runs ls')
      expect(code).toBe(0)
    }
    expect(await cloche('sandbox')).toMatchObject({
      code: 2,
      said: expect.stringContaining('sandbox create'),
    })
  })

  it('says its version', async () => {
    for (const word of ['--version', '-v', 'version'])
      expect(await cloche(word)).toMatchObject({
        code: 0,
        said: expect.stringMatching(/^cloche \d+\.\d+\.\d+ /),
      })
  })

  it.each([
    [['sandbox', 'creat'], 'there is no command sandbox creat; did you mean sandbox create?'],
    [['exce', 'lab', 'true'], 'there is no command exce; did you mean exec?'],
    [['kubectl'], 'there is no command kubectl. Run cloche help to list all commands'],
    [['help', 'logn'], 'there is no command logn; did you mean login?'],
  ])('names the command that was probably meant: %j', async (args, message) => {
    expect(await cloche(...args)).toEqual({ code: 2, said: `cloche: ${message}\n` })
  })

  it('says what a command takes', async () => {
    for (const args of [
      ['template', 'build', '--help'],
      ['help', 'template', 'build'],
    ])
      expect(await cloche(...args)).toMatchObject({
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

  it.each(['up', 'down', 'template recipes', 'setup'])(
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

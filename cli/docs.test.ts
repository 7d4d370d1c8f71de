import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { errorCode } from '../protocol/api/index.js'
import { ClocheError } from '../sdk/index.js'
import { operatorCommands } from '../supervisor/commands/index.js'
import { clientCommands } from './client/commands.js'
import { exitCodeOf } from './client/exit-code.js'
import { helpOf } from './command.js'
import { findCommand, names } from './commands.js'

describe('what is written about the command line', () => {
  it('names every command that there is', async () => {
    expect(names()).toEqual([...operatorCommands, ...clientCommands].map(({ name }) => name))
  })

  it('is what is found by the words of each name', async () => {
    for (const name of names()) expect((await findCommand(name.split(' ')))?.name).toBe(name)
  })

  it('has the help of every command that calls a Cloche; `npx vitest run cli/docs -u` writes it anew', async () => {
    const section = (command: (typeof clientCommands)[number]) =>
      `## ${command.name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`
    const parts = [
      '# Command reference\n\nThe output of `cloche COMMAND --help`. Generated: a test keeps this page up to date.\n',
      ...clientCommands.map(section),
    ]
    await expect(parts.join('\n')).toMatchFileSnapshot('../docs/reference/cli-commands.md')
  })

  it('has the exit code of every error', async () => {
    const page = await readFile('docs/reference/cli.md', 'utf8')
    const rows = [...page.matchAll(/^\| (\d) +\| ([^|]*)\|/gm)]
    const written = rows.flatMap(([, code = '', errors = '']) =>
      [...errors.matchAll(/`(\w+)`/g)].map(([, error = '']) => [error, Number(code)]),
    )
    const real = [...errorCode.options, 'connection_failed', 'unexpected_answer'].map((code) => [
      ...[code, exitCodeOf(new ClocheError(code, ''))],
    ])
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(real))
  })

  it('shows only commands and flags that there are', async () => {
    const page = await readFile('docs/reference/cli.md', 'utf8')
    const shown = [...page.matchAll(/\bcloche (?!help\b)([a-z]+(?: [a-z]+)?)((?: [^|#\n]*)?)/g)]
    expect(shown.length).toBeGreaterThan(20)
    for (const [line, words = '', rest = ''] of shown) {
      const command =
        clientCommands.find(({ name }) => name === words) ??
        clientCommands.find(({ name }) => name === words.split(' ')[0])
      expect(command, line).toBeDefined()
      const own = rest.split(' -- ')[0] ?? ''
      for (const [, flag = ''] of own.matchAll(/ --([a-z-]+)/g)) {
        expect(Object.keys({ ...command?.flags, help: {} }), line).toContain(flag)
      }
    }
  })
})

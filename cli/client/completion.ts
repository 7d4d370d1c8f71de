import { type Command, UsageError } from '../command.js'
import { shells } from './shells.js'

export const completion: Command = {
  name: 'completion',
  group: 'Shell',
  operands: Object.keys(shells).join('|'),
  summary: 'Print a script that completes commands, options and sandbox names',
  details: Object.entries(shells)
    .map(([shell, { install }]) => `${`${shell}:`.padEnd(6)} ${install}`)
    .join('\n'),
  completes: async () => Object.keys(shells),
  async run({ words: [word = ''] }) {
    const shell = Object.entries(shells).find(([name]) => name === word)?.[1]
    if (shell === undefined)
      throw new UsageError(
        `specify ${Object.keys(shells)
          .join(', ')
          .replace(/, (?=\w+$)/, ' or ')}: cloche completion SHELL`,
      )
    console.log(shell.script)
    return 0
  },
}

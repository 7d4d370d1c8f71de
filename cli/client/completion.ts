import { type Command, UsageError } from '../command.js'
import { shells } from './shells.js'

export const completion: Command = {
  name: 'completion',
  operands: Object.keys(shells).join('|'),
  summary: 'Prints what makes a shell complete these commands, their flags, and names of sandboxes.',
  details: Object.entries(shells)
    .map(([shell, { install }]) => `${`${shell}:`.padEnd(6)} ${install}`)
    .join('\n'),
  completes: async () => Object.keys(shells),
  async run({ words: [word = ''] }) {
    const shell = Object.entries(shells).find(([name]) => name === word)?.[1]
    if (shell === undefined)
      throw new UsageError(`for which shell? cloche completion ${Object.keys(shells).join('|')}`)
    console.log(shell.script)
    return 0
  },
}

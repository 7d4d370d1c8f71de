import { Failure, helpOf, parseCall, UsageError } from './command.js'
import { commands } from './commands.js'

const overview = () =>
  [
    'cloche COMMAND, where COMMAND is one of',
    ...commands.map(({ name, operands = '', summary }) => `  ${`${name} ${operands}`.padEnd(24)} ${summary}`),
    'cloche COMMAND --help says more.',
  ].join('\n')

async function main(args: readonly string[]): Promise<number> {
  const command =
    commands.find(({ name }) => name === args.slice(0, 2).join(' ')) ??
    commands.find(({ name }) => name === args[0])
  if (command === undefined) {
    if (args.length === 0 || args[0] === 'help' || args[0] === '--help') {
      console.log(overview())
      return 0
    }
    throw new UsageError(`there is no command ${args[0]}\n${overview()}`)
  }
  const rest = args.slice(command.name.split(' ').length)
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.includes('--help')) {
    console.log(helpOf(command))
    return 0
  }
  return command.run(parseCall(command, rest))
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Failure)) throw error
  console.error(`cloche: ${error.message}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}

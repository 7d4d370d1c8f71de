import { type Command, Failure, helpOf, parseCall, UsageError } from './command.js'
import { allCommands, findCommand } from './commands.js'
import { complete } from './complete.js'

const overview = async () =>
  [
    'cloche COMMAND, where COMMAND is one of',
    ...(await allCommands()).map(
      ({ name, operands = '', summary }) => `  ${`${name} ${operands}`.padEnd(32)} ${summary}`,
    ),
    'cloche COMMAND --help says more.',
  ].join('\n')

async function main(args: readonly string[], command: Command | undefined): Promise<number> {
  if (command === undefined) {
    if (args[0] === '__complete') {
      for (const word of await complete(args.slice(1))) console.log(word)
      return 0
    }
    if (args.length > 0 && args[0] !== 'help' && args[0] !== '--help') {
      throw new UsageError(`there is no command ${args[0]}\n${await overview()}`)
    }
    console.log(await overview())
    return 0
  }
  const call = parseCall(command, args.slice(command.name.split(' ').length))
  if (!call.has('help')) return command.run(call)
  console.log(helpOf(command))
  return 0
}

const args = process.argv.slice(2)
const command = await findCommand(args)
try {
  process.exitCode = await main(args, command)
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Failure)) throw error
  console.error(`cloche: ${error.message}`)
  process.exitCode = command?.failureCode ?? (error instanceof UsageError ? 2 : 1)
}

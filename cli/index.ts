import { version } from '../package.json'
import { type Command, Failure, helpOf, parseCall, UsageError } from './command.js'
import { findCommand } from './commands.js'
import { complete } from './complete.js'
import { findHelped, overview, overviewOf, unknownCommand } from './overview.js'

async function main(args: readonly string[], command: Command | undefined): Promise<number> {
  if (command === undefined) {
    const answer = await answerWithoutCommand(args)
    if (answer !== '') console.log(answer)
    return 0
  }
  const call = parseCall(command, args.slice(command.name.split(' ').length))
  if (!call.has('help')) return command.run(call)
  console.log(helpOf(command))
  return 0
}

/** What `cloche` prints by itself. @throws UsageError when the words are no command */
async function answerWithoutCommand(args: readonly string[]): Promise<string> {
  const [one, ...rest] = args
  switch (one) {
    case undefined:
    case '--help':
    case '-h':
      return overview()
    case '--version':
    case '-v':
    case 'version':
      return `cloche ${version} (Node.js ${process.versions.node})`
    case 'help': {
      if (rest.length === 0) return overview()
      const found = await findHelped(rest)
      return typeof found === 'string' ? found : helpOf(found)
    }
    case '__complete':
      return (await complete(rest)).join('\n')
  }
  const isHelp = rest.length === 1 && (rest[0] === '--help' || rest[0] === '-h')
  const group = isHelp ? await overviewOf(one) : undefined
  if (group !== undefined) return group
  throw await unknownCommand(args)
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

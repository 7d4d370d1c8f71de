import { Cloche, ClocheError } from '../../sdk/index.js'
import type { Call, Command, Flag } from '../command.js'
import { readAccount } from './account.js'
import { exitCodeOf } from './exit-code.js'
import { endWhenNobodyReads } from './output.js'

/** What a command of this folder is called with. */
export interface ClientCall extends Call {
  readonly cloche: Cloche
  /** `--json` was given: what is printed is for a program. */
  readonly json: boolean
}

interface ClientCommand extends Omit<Command, 'run' | 'completes'> {
  readonly completes?: (cloche: Cloche) => Promise<readonly string[]>
  run(call: ClientCall): Promise<number>
}

const json: Flag = { type: 'boolean', help: 'print JSON, and errors as JSON to stderr' }

/** A command that calls a Cloche, wherever it is. Errors of the SDK become a line on stderr and an exit code. */
export function clientCommand({ completes, ...command }: ClientCommand): Command {
  const connect = () => new Cloche(readAccount(process.env))
  return {
    ...command,
    flags: { ...command.flags, json },
    ...(completes === undefined ? {} : { completes: () => completes(connect()) }),
    async run(call) {
      endWhenNobodyReads()
      const cloche = connect()
      try {
        return await command.run({ ...call, cloche, json: call.has('json') })
      } catch (error) {
        if (!(error instanceof ClocheError)) throw error
        sayError(error, call.has('json'))
        return command.failureCode ?? exitCodeOf(error)
      }
    },
  }
}

function sayError(error: ClocheError, asJson: boolean): void {
  const { code, message, status, errors } = error
  if (asJson) console.error(JSON.stringify({ error: { code, message, status, errors } }))
  else console.error(`cloche: ${message}${code === 'unauthenticated' ? '. Type: cloche login' : ''}`)
}

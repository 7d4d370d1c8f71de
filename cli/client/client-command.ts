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
  /** Which option or operand sets a field of the request, for the server's complaints: `limits.memoryMiB`. */
  readonly fields?: Readonly<Record<string, string>>
  readonly completes?: (cloche: Cloche) => Promise<readonly string[]>
  run(call: ClientCall): Promise<number>
}

const json: Flag = { type: 'boolean', help: 'print JSON, and errors as JSON on stderr' }

/** A command that calls a Cloche, wherever it is. Errors of the SDK become a line on stderr and an exit code. */
export function clientCommand({ completes, fields = {}, ...command }: ClientCommand): Command {
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
        sayError(error, call.has('json'), fields)
        return command.failureCode ?? exitCodeOf(error)
      }
    },
  }
}

function sayError(error: ClocheError, asJson: boolean, fields: Readonly<Record<string, string>>): void {
  const { code, message, status, errors } = error
  if (asJson) console.error(JSON.stringify({ error: { code, message, status, errors } }))
  else if (errors !== undefined && errors.length > 0) {
    for (const { path, message } of errors) console.error(`cloche: ${subjectOf(path, fields)}${message}`)
  } else console.error(`cloche: ${message}${code === 'unauthenticated' ? '. Run: cloche login URL' : ''}`)
}

/** The part of a request that a JSON pointer names, as whoever typed the command knows it. */
function subjectOf(pointer: string, fields: Readonly<Record<string, string>>): string {
  const path = pointer.split('/').filter((part) => part !== '')
  for (let length = path.length; length > 0; length--) {
    const field = path.slice(0, length).join('.')
    const name = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (name !== undefined) return `${[name, ...path.slice(length)].join(' ')}: `
  }
  return path.length === 0 ? '' : `${path.join('.')}: `
}

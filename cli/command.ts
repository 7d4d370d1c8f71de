import { parseArgs } from 'node:util'

/** A flag of a command, as `parseArgs` of node:util takes it, with a line of help. */
export interface Flag {
  readonly type: 'boolean' | 'string'
  readonly help: string
  readonly short?: string
}

/** What a command was called with, checked against its flags. */
export interface Call {
  readonly words: readonly string[]
  has(flag: string): boolean
  text(flag: string): string | undefined
}

/** One word, or two, after `cloche`. */
export interface Command {
  readonly name: string
  /** What follows the name, for the help: `NAME [FILE…]`. */
  readonly operands?: string
  readonly summary: string
  /** More for its own --help: paragraphs after the summary. */
  readonly details?: string
  readonly flags?: Readonly<Record<string, Flag>>
  /** @returns the exit code */
  run(call: Call): Promise<number>
}

/** A mistake of the caller: the message is all there is to say, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something that a person has to put right: the message says what and how. The exit code is 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** Parses what follows the command's name. @throws UsageError */
export function parseCall(command: Command, args: readonly string[]): Call {
  const options = Object.fromEntries(
    Object.entries(command.flags ?? {}).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  )
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const value = (flag: string) => values[flag]
    return {
      words: positionals,
      has: (flag) => value(flag) === true,
      text: (flag) => {
        const given = value(flag)
        return typeof given === 'string' ? given : undefined
      },
    }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const flags = Object.entries(command.flags ?? {}).map(([name, { type, help, short }]) => {
    const spelled = `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ' VALUE' : ''}`
    return `  ${spelled.padEnd(22)} ${help}`
  })
  const usage = ['cloche', command.name, ...(command.operands === undefined ? [] : [command.operands])]
  const parts = [`${usage.join(' ')}\n  ${command.summary}`, command.details, flags.join('\n')]
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

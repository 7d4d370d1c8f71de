import { parseArgs } from 'node:util'
import { didYouMean } from './suggest.js'

/** A flag of a command, as `parseArgs` of node:util takes it, with a line of help. */
export interface Flag {
  readonly type: 'boolean' | 'string'
  readonly help: string
  readonly short?: string
  /** What its value is, for the help; `VALUE` if absent. */
  readonly value?: string
  /** May be given more than once. */
  readonly multiple?: true
}

/** What a command was called with, checked against its flags. */
export interface Call {
  readonly words: readonly string[]
  /** What is not for this command but for another program: see `Command.takes`. */
  readonly rest: readonly string[]
  has(flag: string): boolean
  text(flag: string): string | undefined
  texts(flag: string): readonly string[]
  /** @throws UsageError when it is no number above 0 */
  number(flag: string): number | undefined
}

/** The titles of the overview, in its order. */
export const groups = [
  'Account',
  'Sandboxes',
  'Files',
  'Processes',
  'Snapshots',
  'Schedules',
  'Classes',
  'Volumes',
  'Stacks',
  'Ports',
  'Runs',
  'Events',
  'Templates',
  'Images',
  'This machine (needs root)',
  'Shell',
] as const
export type Group = (typeof groups)[number]

/** One word, or two, after `cloche`. */
export interface Command {
  readonly name: string
  /** Under which title the overview lists it. */
  readonly group: Group
  /** What follows the name, for the help: `NAME [FILE…]`. */
  readonly operands?: string
  readonly summary: string
  /** More for its own --help: paragraphs after the summary. */
  readonly details?: string
  readonly flags?: Readonly<Record<string, Flag>>
  /** Takes this many words; what follows them, or `--`, belongs to another program, and so do its flags. */
  readonly takes?: number
  /** Exit code of what goes wrong here, where 1 and 2 could be another program's. */
  readonly failureCode?: number
  /** What its first word could be, for completion in a shell; files if absent. */
  readonly completes?: () => Promise<readonly string[]>
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

/** Every command has it; whoever called it asks `has('help')`. */
const help: Flag = { type: 'boolean', short: 'h', help: 'show this help' }

/** Parses what follows the command's name. @throws UsageError */
export function parseCall(command: Command, args: readonly string[]): Call {
  const options = Object.fromEntries(
    Object.entries<Flag>({ ...command.flags, help }).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
    ]),
  )
  const cut = command.takes === undefined ? args.length : endOf(args, options, command.takes)
  try {
    const { values, positionals } = parseArgs({ args: args.slice(0, cut), options, allowPositionals: true })
    const texts = (flag: string) => [values[flag]].flat().filter((value) => typeof value === 'string')
    return {
      words: positionals,
      rest: args.slice(args[cut] === '--' ? cut + 1 : cut),
      has: (flag) => values[flag] === true,
      text: (flag) => texts(flag).at(-1),
      texts,
      number: (flag) => {
        const text = texts(flag).at(-1)
        if (text === undefined) return undefined
        if (Number(text) > 0) return Number(text)
        throw new UsageError(`--${flag} must be a number greater than 0, not ${text}`)
      },
    }
  } catch (error) {
    throw new UsageError(complaintOf(command, error))
  }
}

/** What `parseArgs` says, in our words where its own are about another program's conventions. */
function complaintOf(command: Command, error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [, flag] = error.message.match(/^Unknown option '(-[^']+)'/) ?? []
  const see = `Run cloche ${command.name} --help to see its options`
  if (flag === undefined) return `${error.message}. ${see}`
  const known = Object.keys({ ...command.flags, help }).map((name) => `--${name}`)
  return `cloche ${command.name} has no option ${flag}${didYouMean(flag, known) || `. ${see}`}`
}

/** Where the words for another program begin: after `count` of our own, or at `--`. */
function endOf(
  args: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] & object,
  count: number,
): number {
  const { tokens } = parseArgs({
    ...{ args: [...args], options, allowPositionals: true, strict: false, tokens: true },
  })
  const stop = tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? args.length
  const last = tokens.filter(({ kind }) => kind === 'positional')[count - 1]?.index ?? args.length
  return Math.min(stop, last + 1)
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const flags = Object.entries<Flag>({ ...command.flags, help }).map(
    ([name, { type, help, short, value = 'VALUE' }]) => {
      const spelled = `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${value}` : ''}`
      return `  ${spelled.padEnd(22)} ${help}`
    },
  )
  const usage = ['cloche', command.name, ...(command.operands === undefined ? [] : [command.operands])]
  const parts = [`${usage.join(' ')}\n  ${command.summary}`, command.details, flags.join('\n')]
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

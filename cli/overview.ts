import { type Command, groups, UsageError } from './command.js'
import { allCommands, findCommand, names } from './commands.js'
import { didYouMean } from './suggest.js'

/** Every command with a line about it, by group. */
export async function overview(): Promise<string> {
  const all = await allCommands()
  const sections = groups.map((group) =>
    sectionOf(
      group,
      all.filter((one) => one.group === group),
    ),
  )
  return [
    'Usage: cloche COMMAND [OPTION…] [ARGUMENT…]',
    ...sections,
    'Run cloche help COMMAND, or cloche COMMAND --help, for its options. Run cloche --version for the version.',
  ].join('\n\n')
}

const sectionOf = (title: string, commands: readonly Command[]) =>
  [
    `${title}:`,
    ...commands.map(({ name, operands = '', summary }) => `  ${`${name} ${operands}`.padEnd(30)} ${summary}`),
  ].join('\n')

/**
 * The commands that begin with this word, such as all of `sandbox`.
 * @returns undefined when there is none
 */
export async function overviewOf(word: string): Promise<string | undefined> {
  const found = (await allCommands()).filter(({ name }) => name.split(' ')[0] === word)
  return found.length === 0 ? undefined : sectionOf(`cloche ${word} COMMAND`, found)
}

/**
 * Why these words are no command, with the nearest one that is.
 * @param words what was typed after `cloche`
 */
export async function unknownCommand(words: readonly string[]): Promise<UsageError> {
  const [one = '', two = ''] = words
  const group = await overviewOf(one)
  if (group !== undefined && (two === '' || two.startsWith('-')))
    return new UsageError(`specify what to do:\n${group}`)
  const typed = group === undefined ? one : `${one} ${two}`
  // Of a command of two words the first alone may be mistyped, or the second.
  const candidates = new Set(
    names().flatMap((name) => (group === undefined ? [name.split(' ')[0] ?? name, name] : [name])),
  )
  const hint = didYouMean(typed, candidates)
  return new UsageError(`there is no command ${typed}${hint || '. Run cloche help to list all commands'}`)
}

/** What `cloche help WORD…` prints about. @throws UsageError when there is no such command */
export async function findHelped(words: readonly string[]): Promise<Command | string> {
  const [one = ''] = words
  const command = await findCommand(words)
  if (command !== undefined) return command
  const group = words.length === 1 ? await overviewOf(one) : undefined
  if (group !== undefined) return group
  throw await unknownCommand(words)
}

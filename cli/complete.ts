import { findCommand, names } from './commands.js'

/**
 * What could stand in place of the last word, for the scripts of `cloche completion`.
 * @param words what follows `cloche`, up to the cursor
 */
export async function complete(words: readonly string[]): Promise<readonly string[]> {
  const last = words.at(-1) ?? ''
  const found = await candidates(words.slice(0, -1), last)
  return [...new Set(found.filter((word) => word.startsWith(last)))]
}

/** @param before the words that are complete */
async function candidates(before: readonly string[], last: string): Promise<readonly string[]> {
  const [one] = before
  const command = one === undefined ? undefined : await findCommand(before)
  if (command === undefined || (before.length === 1 && command.name.includes(' '))) {
    const at = before.length
    return names().flatMap((name) => {
      const parts = name.split(' ')
      return before.every((word, index) => parts[index] === word) && parts[at] !== undefined
        ? [parts[at]]
        : []
    })
  }
  if (last.startsWith('-')) return ['--help', ...Object.keys(command.flags ?? {}).map((flag) => `--${flag}`)]
  // Without a login or a network there are no names, and a prompt is no place for words about that.
  return (await command.completes?.().catch(() => [])) ?? []
}

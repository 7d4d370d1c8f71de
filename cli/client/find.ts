import { type Cloche, NotFound, type Sandbox } from '../../sdk/index.js'
import { Failure, UsageError } from '../command.js'

/**
 * The sandbox that a person means: its id, or its name where only one has it.
 * @throws UsageError without a word, Failure when none or more than one has the name
 */
export async function findSandbox(cloche: Cloche, word: string | undefined): Promise<Sandbox> {
  if (word === undefined)
    throw new UsageError('specify a sandbox by its name or id; cloche sandbox ls lists them')
  if (/^sb_/.test(word)) return cloche.sandboxes.at(word)
  const found: string[] = []
  for await (const { id, name } of cloche.sandboxes.list()) if (name === word) found.push(id)
  const [id, ...others] = found
  if (id === undefined) throw new NotFound('not_found', `there is no sandbox ${word}`)
  if (others.length > 0)
    throw new Failure(`${found.length} sandboxes are named ${word}; use an id: ${found.join(', ')}`)
  return cloche.sandboxes.at(id)
}

/** Names and ids, for completion. */
export async function sandboxWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.sandboxes.list()) words.push(id, name)
  return words
}

import { nameOf } from '../../files/paths'
import type { EntryRow } from '../../files/rows'
import { oneLine } from '../../lib/format'
import type { Question } from '../ui/confirm'

/** Asked before an entry is deleted. */
export function deleteQuestion({ entry }: EntryRow, run: () => Promise<void>): Question {
  const title = `Delete ${oneLine(entry.name)}?`
  if (entry.type === 'directory') {
    const text = 'This permanently deletes the folder and everything in it.'
    return { title, text, action: 'Delete folder', run }
  }
  if (entry.type === 'symlink') {
    return { title, text: 'This deletes the link. What it points to is kept.', action: 'Delete link', run }
  }
  return { title, text: 'This permanently deletes the file.', action: 'Delete file', run }
}

/** Asked before an upload replaces what has the same name. */
export function replaceQuestion(
  directory: string,
  taken: readonly string[],
  run: () => Promise<void>,
): Question {
  const named = taken.slice(0, 3).map((name) => `“${oneLine(name)}”`)
  const all = named.join(', ') + (taken.length > named.length ? ' and more' : '')
  return {
    title: taken.length === 1 ? `Replace ${oneLine(taken[0] ?? '')}?` : `Replace ${taken.length} entries?`,
    text: `${oneLine(nameOf(directory))} already has ${all}. Uploaded files replace files with the same name.`,
    action: 'Replace',
    run,
  }
}

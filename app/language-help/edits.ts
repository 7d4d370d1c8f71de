import type { ChangeSpec, Text } from '@codemirror/state'
import { TextError } from '../lib/text-error'
import type { Position, TextEdit, WorkspaceEdit } from './messages'
import { pathOf } from './uri'

/** Where a position of a language server is in a text, or the nearest place that the text has. */
export function offsetNear(doc: Text, { line, character }: Position): number {
  if (!(line >= 0)) return 0
  if (line >= doc.lines) return doc.length
  const { from, to } = doc.line(Math.floor(line) + 1)
  return Math.min(to, from + Math.max(0, Math.floor(character)))
}

/** What a language server wants changed was made for another text than there is. */
export class EditsDoNotFit extends TextError {
  constructor(name: string) {
    super('language.doNotFit', { name })
    this.name = 'EditsDoNotFit'
  }
}

/**
 * The changes of a text, in the order of their places.
 *
 * @throws EditsDoNotFit when the text has no such places, or two changes are of the same
 */
export function changesOf(doc: Text, edits: readonly TextEdit[], name: string): ChangeSpec[] {
  const exact = ({ line, character }: Position) => {
    // A server may name the line after the last one for the end.
    if (line === doc.lines && character === 0) return doc.length
    const known = line >= 0 && line < doc.lines ? doc.line(line + 1) : null
    if (!known || character < 0 || character > known.length) throw new EditsDoNotFit(name)
    return known.from + character
  }
  const changes = edits.map(({ range, newText }) => ({
    ...{ from: exact(range.start), to: exact(range.end), insert: newText.replaceAll('\r\n', '\n') },
  }))
  changes.sort((a, b) => a.from - b.from || a.to - b.to)
  for (const [at, { from, to }] of changes.entries()) {
    if (to < from || from < (changes[at - 1]?.to ?? 0)) throw new EditsDoNotFit(name)
  }
  return changes
}

/** The changes of each file, in whichever of its two ways a server writes them. */
export function editsByPath(edit: WorkspaceEdit): ReadonlyMap<string, readonly TextEdit[]> {
  const all = [
    ...Object.entries(edit.changes ?? {}),
    ...(edit.documentChanges ?? []).map(({ textDocument, edits }) => [textDocument.uri, edits] as const),
  ]
  const byPath = new Map<string, readonly TextEdit[]>()
  for (const [uri, edits] of all) {
    const path = pathOf(uri)
    if (path !== null && edits.length > 0) byPath.set(path, [...(byPath.get(path) ?? []), ...edits])
  }
  return byPath
}

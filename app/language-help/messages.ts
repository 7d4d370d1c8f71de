import { z } from 'zod'
import '../lib/jitless'
import { pathOf } from './uri'

/** A server inside may send any number of anything. */
const listMax = 5000

export const position = z.object({ line: z.int().min(0), character: z.int().min(0) })
export type Position = z.infer<typeof position>
export const range = z.object({ start: position, end: position })
export type Range = z.infer<typeof range>

const location = z.object({ uri: z.string(), range })
const locationLink = z.object({ targetUri: z.string(), targetSelectionRange: range })

/** A place in a file. */
export interface Location {
  readonly path: string
  readonly range: Range
}

const placed = (uri: string, of: Range): Location[] => {
  const path = pathOf(uri)
  return path === null ? [] : [{ path, range: of }]
}

/** One place, several, or none, however a server writes that. */
export function locationsIn(result: unknown): readonly Location[] {
  const all: unknown[] = Array.isArray(result) ? result.slice(0, listMax) : [result]
  return all.flatMap((one) => {
    const known = location.safeParse(one)
    if (known.success) return placed(known.data.uri, known.data.range)
    const link = locationLink.safeParse(one)
    return link.success ? placed(link.data.targetUri, link.data.targetSelectionRange) : []
  })
}

const textEdit = z.object({ range, newText: z.string() })
export type TextEdit = z.infer<typeof textEdit>
export const textEdits = z.array(textEdit).nullish()

const edited = z.object({ textDocument: z.object({ uri: z.string() }), edits: z.array(textEdit) })
export const workspaceEdit = z.object({
  changes: z.record(z.string(), z.array(textEdit)).nullish(),
  // The page does not say that it would make, rename or delete files.
  documentChanges: z.array(edited).nullish(),
})
export type WorkspaceEdit = z.infer<typeof workspaceEdit>

/** Something that a file defines. */
export interface DocumentSymbol {
  readonly name: string
  /** In what it is: the name of its class, say. */
  readonly within: string
  readonly range: Range
}

const symbol = z.object({
  name: z.string(),
  selectionRange: range.optional(),
  location: z.object({ range }).optional(),
  containerName: z.string().nullish(),
  children: z.array(z.unknown()).nullish(),
})

/** The symbols of a document, in the order of the file. */
export function symbolsIn(result: unknown): readonly DocumentSymbol[] {
  const found: DocumentSymbol[] = []
  const add = (list: unknown, within: string, depth: number): void => {
    if (!Array.isArray(list) || depth > 20) return
    for (const one of list) {
      const read = symbol.safeParse(one)
      if (found.length === listMax) return
      if (!read.success) continue
      const { name, selectionRange, location: place, containerName, children } = read.data
      const at = selectionRange ?? place?.range
      if (at) found.push({ name, within: containerName ?? within, range: at })
      add(children, within === '' ? name : `${within}.${name}`, depth + 1)
    }
  }
  add(result, '', 0)
  return found.sort(
    (a, b) => a.range.start.line - b.range.start.line || a.range.start.character - b.range.start.character,
  )
}

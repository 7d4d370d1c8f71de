import type { WorkspaceMapping } from '@codemirror/lsp-client'
import { ChangeSet, EditorState, type Text } from '@codemirror/state'
import type { OpenDocument } from '../editor/document'
import type { OpenFiles } from '../editor/open-files'
import { changeHeld, heldState } from '../editor/state'
import { lineBreakOf } from '../editor/text'
import { nameOf } from '../files/paths'
import { TextError } from '../lib/text-error'
import { changesOf, EditsDoNotFit, editsByPath } from './edits'
import type { TextEdit, WorkspaceEdit } from './messages'
import { uriOf } from './uri'
import type { FilesWorkspace } from './workspace'

/** More files are not changed at once. */
const filesMax = 500

interface Planned {
  readonly document: OpenDocument
  readonly changes: ChangeSet
  /** The text that the changes are of. */
  readonly before: Text
  /** It was read for this, and has no tab. */
  readonly aside: boolean
}

/**
 * Does what a language server wants to be changed in all files, open or not. All are read, and the places looked up, before
 * the first is changed. What cannot be saved is opened, with its text.
 *
 * @returns how many files were changed
 * @throws EditsDoNotFit, TextError, or as a file cannot be read: then nothing was changed
 */
export async function applyEdits(
  edit: WorkspaceEdit,
  open: OpenFiles,
  workspace: FilesWorkspace,
  mapping: WorkspaceMapping,
): Promise<number> {
  const all = [...editsByPath(edit)]
  if (all.length > filesMax) throw new TextError('language.tooManyFiles', { max: String(filesMax) })
  const planned: Planned[] = []
  for (const [path, edits] of all) planned.push(await plan(path, edits, open, workspace, mapping))
  // Somebody may have typed while the others were read.
  for (const { document, before } of planned) {
    if (currentText(document) !== before) throw new EditsDoNotFit(document.name)
  }
  for (const one of planned) apply(one, workspace)
  await Promise.all(
    planned.map(async ({ document, aside }) => {
      const saved = await document.saveNow()
      if (!aside) return
      if (saved) return document.close({ discard: false })
      await document.flush()
      document.close({ discard: false })
      open.open(document.path)
    }),
  )
  return planned.length
}

async function plan(
  path: string,
  edits: readonly TextEdit[],
  open: OpenFiles,
  workspace: FilesWorkspace,
  mapping: WorkspaceMapping,
): Promise<Planned> {
  const known = open.find(path)
  const document = known ?? open.aside(path)
  await document.load()
  const status = document.status.get()
  if (status.kind === 'failed') throw status.error
  if (status.kind !== 'open' || status.save.kind === 'conflict') throw new EditsDoNotFit(nameOf(path))
  // The edits are of the text that the server knows; what was typed since is newer.
  const file = workspace.getFile(uriOf(path))
  const since = file && mapping.getMapping(file.uri)
  const before = currentText(document)
  if (since && !since.empty) throw new EditsDoNotFit(document.name)
  const changes = ChangeSet.of(changesOf(before, edits, document.name), before.length)
  return { document, changes, before, aside: !known }
}

/** Texts of documents that have no editor, so that the same is found again. */
const split = new WeakMap<OpenDocument, { readonly text: string; readonly doc: Text }>()

function currentText(document: OpenDocument): Text {
  const held = heldState(document)
  if (held) return held.doc
  const { text } = document
  const before = split.get(document)
  if (before?.text === text) return before.doc
  const { doc } = EditorState.create({
    doc: text,
    extensions: EditorState.lineSeparator.of(lineBreakOf(text)),
  })
  split.set(document, { text, doc })
  return doc
}

function apply({ document, changes, before }: Planned, workspace: FilesWorkspace): void {
  const view = workspace.getFile(uriOf(document.path))?.getView()
  if (view) view.dispatch({ changes, userEvent: 'rename' })
  else if (!changeHeld(document, { changes, userEvent: 'rename' })) {
    const lineBreak = lineBreakOf(document.text)
    document.rewrite(changes.apply(before).sliceString(0, undefined, lineBreak))
  }
}

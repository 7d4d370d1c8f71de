import { indentWithTab } from '@codemirror/commands'
import { indentUnit } from '@codemirror/language'
import { search } from '@codemirror/search'
import {
  Compartment,
  EditorState,
  type Extension,
  Prec,
  type Text,
  type TransactionSpec,
} from '@codemirror/state'
import { EditorView, type KeyBinding, keymap } from '@codemirror/view'
import { basicSetup } from 'codemirror'
import type { Translate } from '../messages/texts'
import type { OpenDocument, Place } from './document'
import { languageOf } from './language'
import { look } from './look'
import { fileLook } from './look-file'
import { phrasesIn } from './phrases'
import { scrollMarks } from './scroll-marks'
import { editorSettings } from './settings'
import { lineBreakOf } from './text'

/** The language of a document, which is loaded after its text is shown. */
export const syntax = new Compartment()

/** Keys of another editor, which go before all others. */
export const bindings = new Compartment()

/** What language servers and marks add, once it is loaded. */
export const languageHelp = new Compartment()

/** What the project says of indentation and long lines. */
export const settings = new Compartment()

interface Held {
  readonly state: EditorState
  /** `replaced` of the document when the state was made. */
  readonly replaced: number
}

/** States of documents that are open but not shown, with their history and their cursors. */
const states = new WeakMap<OpenDocument, Held>()

export function hold(document: OpenDocument, state: EditorState): void {
  states.set(document, { state, replaced: document.replaced.get() })
}

/** The state of a document that was shown once; none when its text was replaced since. */
export function heldState(document: OpenDocument): EditorState | null {
  const held = states.get(document)
  return held && held.replaced === document.replaced.get() ? held.state : null
}

/** Changes a document that has no editor now; it can be undone in the next. @returns whether it had a state */
export function changeHeld(document: OpenDocument, spec: TransactionSpec): boolean {
  const state = heldState(document)
  if (!state) return false
  hold(document, state.update(spec).state)
  document.edit(() => states.get(document)?.state.sliceDoc() ?? '')
  return true
}

/** The state that a document was left with, or a new one, whose labels stay in the language of `t`. */
export function stateOf(document: OpenDocument, t: Translate): EditorState {
  const held = heldState(document)
  if (held) return held
  const { text } = document
  const state = EditorState.create({
    doc: text,
    extensions: [
      EditorState.lineSeparator.of(lineBreakOf(text)),
      bindings.of([]),
      EditorState.readOnly.of(document.looking),
      // Escape and then Tab leaves: CodeMirror sees to that.
      Prec.high(keymap.of([saveKey(document), indentWithTab])),
      ...[basicSetup, search({ top: true }), look, fileLook],
      settings.of(settingsOf(text)),
      syntax.of([]),
      languageHelp.of([]),
      scrollMarks,
      EditorState.phrases.of(phrasesIn(t)),
      EditorView.contentAttributes.of({
        'aria-label': t('editor.contentOf', { name: document.name }),
        spellcheck: 'false',
        autocapitalize: 'off',
      }),
      EditorView.updateListener.of(changesTo(document)),
    ],
  })
  hold(document, state)
  return state
}

function saveKey(document: OpenDocument): KeyBinding {
  const run = () => {
    void document.saveNow()
    return true
  }
  return { key: 'Mod-s', run, preventDefault: true }
}

function changesTo(document: OpenDocument): Parameters<typeof EditorView.updateListener.of>[0] {
  return ({ docChanged, state, transactions }) => {
    hold(document, state)
    const fromDisk = transactions.some((one) => one.isUserEvent('reload'))
    if (docChanged && !fromDisk) document.edit(() => states.get(document)?.state.sliceDoc() ?? '')
  }
}

/**
 * Shows what the document has after it was replaced. Only what differs is changed, so the cursor stays where it was, and
 * it can be undone.
 *
 * @returns whether the view has another state now instead of a changed one
 */
export function replaceText(view: EditorView, document: OpenDocument, t: Translate): boolean {
  const { text } = document
  const { state } = view
  if (lineBreakOf(text) !== state.lineBreak) {
    view.setState(stateOf(document, t))
    return true
  }
  const next: Text = state.toText(text)
  if (next.eq(state.doc)) {
    hold(document, state)
    return false
  }
  const [before, after] = [state.doc.toString(), next.toString()]
  let from = 0
  while (from < before.length && before[from] === after[from]) from++
  let end = 0
  const endMax = Math.min(before.length, after.length) - from
  while (end < endMax && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  view.dispatch({
    changes: { from, to: before.length - end, insert: after.slice(from, after.length - end) },
    userEvent: 'reload',
  })
  return false
}

/** Puts the cursor to a place, or as near as the text allows, and shows it. */
export function putCursor(view: EditorView, { line, column }: Place): void {
  const { doc } = view.state
  const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines))
  const anchor = Math.min(to, from + column - 1)
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) })
}

export function languageOfDocument(document: OpenDocument, state: EditorState) {
  return languageOf(document.name, state.doc.line(1).text.slice(0, 200))
}

/** A text that is indented already goes on as it is; a new one as the project says. */
export function settingsOf(text: string): Extension {
  const { tabSize = 4, insertSpaces = true, wordWrap = false } = editorSettings.get()
  const unit = indentOf(text) ?? (insertSpaces ? ' '.repeat(tabSize) : '\t')
  return [indentUnit.of(unit), EditorState.tabSize.of(tabSize), wordWrap ? EditorView.lineWrapping : []]
}

/** Tabs or spaces, as the first indented line has them. */
function indentOf(text: string): string | null {
  const found = /^(\t| {2,8})\S/m.exec(text.slice(0, 20_000))?.[1]
  if (found === '\t') return found
  return found && [2, 4, 8].includes(found.length) ? found : null
}

import { getIndentUnit, indentUnit } from '@codemirror/language'
import { nextDiagnostic, previousDiagnostic } from '@codemirror/lint'
import { LSPPlugin } from '@codemirror/lsp-client'
import { type Extension, Prec } from '@codemirror/state'
import { type Command, type EditorView, keymap, showDialog } from '@codemirror/view'
import type { OpenDocument } from '../editor/document'
import { TextError } from '../lib/text-error'
import { changesOf } from './edits'
import { listFixes } from './fixes'
import type { HelpTools } from './help-tools'
import { type Location, locationsIn, textEdits, workspaceEdit } from './messages'
import { assertCan, refusalOf } from './refusals'
import { applyEdits } from './rename'
import type { Server } from './server'
import { textsOf } from './texts'
import { uriOf } from './uri'

export type LanguageAction = 'definition' | 'references' | 'rename' | 'format' | 'fix'

/** The keys of an editor whose file has a language server. */
export function keysOf(help: HelpTools): Extension {
  const command =
    (action: LanguageAction): Command =>
    (view) => {
      void act(help, view, action)
      return true
    }
  // F8 is the key of the page's messages as well, outside of the text.
  const bind = (key: string, run: Command) => ({ key, run, preventDefault: true, stopPropagation: true })
  return Prec.high(
    keymap.of([
      bind('F12', command('definition')),
      bind('Shift-F12', command('references')),
      bind('F2', command('rename')),
      bind('Shift-Alt-f', command('format')),
      bind('Mod-.', command('fix')),
      bind('F8', nextDiagnostic),
      bind('Shift-F8', previousDiagnostic),
    ]),
  )
}

/** Does it, and says why not. */
export async function act(help: HelpTools, view: EditorView, action: LanguageAction): Promise<void> {
  try {
    const plugin = LSPPlugin.get(view)
    const document = help.open.state.get().documents.find(({ path }) => uriOf(path) === plugin?.uri)
    const of = help.of(document ?? null)
    if (!plugin || !document || of.kind !== 'server') return
    assertCan(of.server, action)
    const at: At = { help, view, plugin, document, server: of.server }
    if (action === 'definition') await goToDefinition(at)
    else if (action === 'references') await findReferences(at)
    else if (action === 'rename') askForName(at)
    else if (action === 'format') await format(at)
    else await listFixes(help, of.server, view, plugin, help.problems.saidBy(of.server, document.path))
  } catch (error) {
    help.words?.failed(refusalOf(error))
  }
}

interface At {
  readonly help: HelpTools
  readonly view: EditorView
  readonly plugin: LSPPlugin
  readonly document: OpenDocument
  readonly server: Server
}

const placeOf = ({ range }: Location) => ({
  line: range.start.line + 1,
  column: range.start.character + 1,
})

function ask({ server, plugin, view }: At, method: string, more: object = {}): Promise<unknown> {
  server.client.sync()
  const position = plugin.toPosition(view.state.selection.main.head)
  return server.client.request(method, { textDocument: { uri: plugin.uri }, position, ...more })
}

async function goToDefinition(at: At): Promise<void> {
  const [first] = locationsIn(await ask(at, 'textDocument/definition'))
  if (!first) throw new TextError('language.noDefinition')
  at.help.show(first.path, placeOf(first))
}

async function findReferences(at: At): Promise<void> {
  const { help, view } = at
  const context = { includeDeclaration: true }
  const found = locationsIn(await ask(at, 'textDocument/references', { context })).slice(0, 1000)
  if (found.length === 0) throw new TextError('language.noReferences')
  const word = view.state.wordAt(view.state.selection.main.head)
  const texts = await textsOf(help, new Set(found.map(({ path }) => path)))
  const places = found.map((one) => ({
    ...one,
    text: texts.get(one.path)?.[one.range.start.line]?.trim().slice(0, 200) ?? '',
  }))
  help.references.set({ name: word ? view.state.sliceDoc(word.from, word.to) : '', places })
  help.panel.set('references')
}

function askForName(at: At): void {
  const { view } = at
  const word = view.state.wordAt(view.state.selection.main.head)
  if (!word) throw new TextError('language.noName')
  const before = view.state.sliceDoc(word.from, word.to)
  const { t } = at.help.words ?? {}
  if (!t) return
  const { close, result } = showDialog(view, {
    label: t('language.newName'),
    input: { name: 'name', value: before, 'aria-label': t('language.newName') },
    focus: true,
    submitLabel: t('language.rename'),
    class: 'cm-rename',
    top: true,
  })
  void result.then(async (form) => {
    view.dispatch({ effects: close })
    view.focus()
    const input = form?.elements.namedItem('name')
    const name = input instanceof HTMLInputElement ? input.value.trim() : ''
    if (name === '' || name === before) return
    try {
      await rename(at, name)
    } catch (error) {
      at.help.words?.failed(refusalOf(error))
    }
  })
}

async function rename(at: At, newName: string): Promise<void> {
  const { client, workspace } = at.server
  client.sync()
  const count = await client.withMapping(async (mapping) => {
    const edit = workspaceEdit.nullish().safeParse(await ask(at, 'textDocument/rename', { newName }))
    if (!edit.success) throw new TextError('language.notUnderstood')
    return edit.data ? applyEdits(edit.data, at.help.open, workspace, mapping) : 0
  })
  if (count === 0) throw new TextError('language.nothingRenamed')
  client.sync()
  const { words } = at.help
  words?.done(words.t('language.renamed', { name: newName, count }))
}

async function format({ server, view, plugin, document }: At): Promise<void> {
  const unit = view.state.facet(indentUnit)
  const options = { tabSize: getIndentUnit(view.state), insertSpaces: !unit.includes('\t') }
  server.client.sync()
  const { doc } = view.state
  const textDocument = { uri: plugin.uri }
  const answer: unknown = await server.client.request('textDocument/formatting', { textDocument, options })
  const edits = textEdits.safeParse(answer)
  if (!edits.success) throw new TextError('language.notUnderstood')
  // Somebody typed meanwhile: what they wrote counts, and they can ask again.
  if (view.state.doc !== doc) throw new TextError('language.doNotFit', { name: document.name })
  const changes = changesOf(doc, edits.data ?? [], document.name)
  if (changes.length > 0) view.dispatch({ changes, userEvent: 'format' })
}

import { type LSPClient, LSPPlugin, Workspace, type WorkspaceFile } from '@codemirror/lsp-client'
import { ChangeSet, type Text } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import type { OpenDocument } from '../editor/document'
import type { OpenFiles } from '../editor/open-files'
import { heldState } from '../editor/state'
import { uriOf } from './uri'

interface HelpedFile extends WorkspaceFile {
  doc: Text
  version: number
  readonly document: OpenDocument
  view: EditorView | null
  /** Ends what watches the document. */
  readonly forget: () => void
}

/**
 * The files that a language server knows to be open: those that were shown once and have a tab still. A tab that is not
 * shown keeps its file open, so that its problems stay known.
 */
export class FilesWorkspace extends Workspace {
  files: HelpedFile[] = []
  #live = false
  readonly #unsubscribe: () => void

  constructor(
    client: LSPClient,
    private readonly open: OpenFiles,
    /** A file has an editor again, which may have missed problems. */
    private readonly onShown: (view: EditorView, uri: string) => void,
  ) {
    super(client)
    this.#unsubscribe = open.state.subscribe(() => this.#closeUnknown())
  }

  destroy(): void {
    this.#unsubscribe()
    for (const { forget } of this.files) forget()
    this.files = []
  }

  override connected(): void {
    this.#live = true
    for (const file of this.files) {
      file.version++
      file.doc = textOf(file)
      if (file.view) LSPPlugin.get(file.view)?.clear()
      this.client.didOpen(file)
    }
  }

  override disconnected(): void {
    this.#live = false
  }

  openFile(uri: string, languageId: string, view: EditorView): void {
    queueMicrotask(() => this.onShown(view, uri))
    const { doc } = view.state
    const known = this.#file(uri)
    if (known) {
      known.view = view
      if (known.doc.eq(doc)) return
      known.doc = doc
      known.version++
      const textDocument = { uri, version: known.version }
      const contentChanges = [{ text: doc.toString() }]
      if (this.#live) this.client.notification('textDocument/didChange', { textDocument, contentChanges })
      return
    }
    const document = this.open.state.get().documents.find(({ path }) => uriOf(path) === uri)
    if (!document) return
    const file: HelpedFile = {
      ...{ uri, languageId, doc, document, view, version: 0 },
      getView: () => file.view,
      forget: document.status.subscribe(() => this.#saved(file)),
    }
    this.files = [...this.files, file]
    if (this.#live) this.client.didOpen(file)
  }

  closeFile(uri: string, view: EditorView): void {
    const file = this.#file(uri)
    if (file?.view === view) file.view = null
    this.#closeUnknown()
  }

  syncFiles() {
    if (!this.#live) return []
    return this.files.flatMap((file) => {
      const plugin = file.view && LSPPlugin.get(file.view)
      const [prevDoc, doc] = [file.doc, textOf(file)]
      if (prevDoc === doc || prevDoc.eq(doc)) return []
      const whole = { from: 0, to: prevDoc.length, insert: doc }
      const changes = plugin ? plugin.unsyncedChanges : ChangeSet.of(whole, prevDoc.length)
      file.doc = doc
      file.version++
      plugin?.clear()
      return { file, prevDoc, changes }
    })
  }

  #file(uri: string): HelpedFile | undefined {
    return this.files.find((one) => one.uri === uri)
  }

  #closeUnknown(): void {
    const { documents } = this.open.state.get()
    const isKnown = ({ document, uri }: HelpedFile) =>
      documents.includes(document) && uriOf(document.path) === uri
    const gone = this.files.filter((file) => !isKnown(file))
    if (gone.length === 0) return
    this.files = this.files.filter(isKnown)
    for (const { uri, forget } of gone) {
      forget()
      if (this.#live) this.client.didClose(uri)
    }
  }

  #wasSaved = new WeakSet<HelpedFile>()

  /** Some check a file only when it is saved. */
  #saved(file: HelpedFile): void {
    const saved = file.document.save?.kind === 'saved'
    if (saved && !this.#wasSaved.has(file) && this.#live) {
      this.client.sync()
      this.client.notification('textDocument/didSave', { textDocument: { uri: file.uri } })
    }
    if (saved) this.#wasSaved.add(file)
    else this.#wasSaved.delete(file)
  }
}

const textOf = ({ view, document, doc }: HelpedFile): Text =>
  view?.state.doc ?? heldState(document)?.doc ?? doc

import { type Diagnostic, setDiagnostics } from '@codemirror/lint'
import { LSPClient, LSPPlugin, serverDiagnostics } from '@codemirror/lsp-client'
import type { EditorView } from '@codemirror/view'
import { z } from 'zod'
import type { OpenFiles } from '../editor/open-files'
import type { LanguageServer, LspEnded } from '../lib/protocol'
import { Store } from '../terminal/store'
import { offsetNear } from './edits'
import { helpIn } from './extension'
import { afterEnd, type EndReason, wellMs } from './life'
import { type WorkspaceEdit, workspaceEdit } from './messages'
import { type Problem, type Problems, readPublished } from './problems'
import { sanitizeHtml } from './sanitize'
import { type Ended, ServerSocket } from './socket'
import { pathOf, uriOf } from './uri'
import { FilesWorkspace } from './workspace'

export type ServerState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** It ended, and is started again by itself. */
  | { readonly kind: 'restarting' | 'stopped'; readonly reason: EndReason; readonly detail: LspEnded | null }
  /** It is gone from the sandbox. */
  | { readonly kind: 'absent' }
  /** The sandbox does not run. */
  | { readonly kind: 'waiting' }

/** Requests have their own limit (see `ServerSocket`); this one is as long as a timer can be. */
const noTimeoutMs = 2 ** 31 - 1

/** A language server of a sandbox, which is started again when it ends. */
export class Server {
  readonly state = new Store<ServerState>({ kind: 'starting' })
  readonly client: LSPClient
  readonly workspace: FilesWorkspace
  #socket: ServerSocket | null = null
  #deaths = 0
  #apply: ((edit: WorkspaceEdit) => Promise<void>) | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #wellTimer: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly about: LanguageServer,
    readonly root: string,
    private readonly url: string,
    open: OpenFiles,
    private readonly problems: Problems,
  ) {
    let workspace: FilesWorkspace | undefined
    this.client = new LSPClient({
      rootUri: uriOf(root),
      timeout: noTimeoutMs,
      sanitizeHTML: sanitizeHtml,
      workspace: (client) => {
        workspace = new FilesWorkspace(client, open, (view, uri) => this.#showProblems(view, uri))
        return workspace
      },
      notificationHandlers: {
        'textDocument/publishDiagnostics': (_client, params) => this.#published(params),
        // The page's console is not for what programs inside say.
        'window/logMessage': () => true,
        'window/showMessage': () => true,
      },
      extensions: [serverDiagnostics(), helpIn(() => this.running)],
    })
    if (!workspace) throw new Error('the client has no workspace')
    this.workspace = workspace
    this.#start()
  }

  get running(): boolean {
    return this.state.get().kind === 'running'
  }

  /** Somebody wants it to run again, or the sandbox does. */
  restart(): void {
    this.#deaths = 0
    this.#start()
  }

  /** The sandbox does not run. */
  pause(): void {
    this.#stop()
    this.state.set({ kind: 'waiting' })
  }

  destroy(): void {
    this.#stop()
    this.workspace.destroy()
    this.problems.drop(this)
  }

  /**
   * Runs something in which the server asks for changes of files. At any other time it changes none: a person chose this.
   * @returns how many files were changed
   */
  async whileApplying(
    apply: (edit: WorkspaceEdit) => Promise<number>,
    act: () => Promise<unknown>,
  ): Promise<number> {
    let files = 0
    this.#apply = async (edit) => {
      files += await apply(edit)
    }
    try {
      await act()
      return files
    } finally {
      this.#apply = null
    }
  }

  async #edit(params: unknown): Promise<boolean> {
    const asked = z.object({ edit: workspaceEdit }).safeParse(params)
    if (!asked.success || this.#apply === null) return false
    try {
      await this.#apply(asked.data.edit)
      return true
    } catch {
      return false // the server says why its command failed
    }
  }

  /** Files were changed by something else. */
  filesChanged(paths: readonly string[]): void {
    if (!this.running) return
    const changes = paths.map((path) => ({ uri: uriOf(path), type: 2 }))
    this.client.notification('workspace/didChangeWatchedFiles', { changes })
  }

  #start(): void {
    this.#stop()
    this.state.set({ kind: 'starting' })
    const socket = new ServerSocket(this.url, {
      open: () => {
        this.client.connect(socket)
        void this.client.initializing.then(
          () => {
            if (this.#socket !== socket) return
            this.state.set({ kind: 'running' })
            this.#wellTimer = setTimeout(() => {
              this.#deaths = 0
            }, wellMs)
          },
          () => socket.close(),
        )
      },
      end: (how) => this.#ended(how),
      edit: (params) => this.#edit(params),
    })
    this.#socket = socket
  }

  #stop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#wellTimer)
    this.#socket?.close()
    this.#disconnect()
  }

  #disconnect(): void {
    if (!this.#socket) return
    this.#socket = null
    this.client.disconnect()
  }

  #ended({ reason, detail }: Ended): void {
    clearTimeout(this.#wellTimer)
    this.#disconnect()
    this.#deaths++
    const next = afterEnd(reason, this.#deaths)
    if (next.kind === 'retry') {
      this.state.set({ kind: 'restarting', reason, detail })
      this.#timer = setTimeout(() => this.#start(), next.delayMs)
      return
    }
    this.problems.drop(this)
    this.state.set(next.kind === 'stopped' ? { kind: 'stopped', reason, detail } : { kind: next.kind })
  }

  #published(params: unknown): boolean {
    const read = readPublished(params)
    if (!read) return true
    this.problems.publish(this, read)
    const file = this.workspace.files.find(({ uri }) => pathOf(uri) === read.path)
    // Of an older text: it says more soon.
    if (!file?.view || (read.version !== null && read.version !== file.version)) return true
    underline(file.view, read.problems)
    return true
  }

  #showProblems(view: EditorView, uri: string): void {
    const path = pathOf(uri)
    if (path === null || LSPPlugin.get(view)?.uri !== uri) return
    underline(view, this.problems.saidBy(this, path))
  }
}

/** Shows problems of the text that the server knows in the one that the editor has. */
function underline(view: EditorView, problems: readonly Problem[]): void {
  const plugin = LSPPlugin.get(view)
  if (!plugin) return
  const place = (at: Problem['range']['start']) =>
    plugin.unsyncedChanges.mapPos(offsetNear(plugin.syncedDoc, at))
  const diagnostics = problems.map(({ range, severity, message, origin }): Diagnostic => {
    const from = place(range.start)
    return { from, to: Math.max(from, place(range.end)), severity, message, source: origin }
  })
  view.dispatch(setDiagnostics(view.state, diagnostics))
}

import type { Extension } from '@codemirror/state'
import { z } from 'zod'
import type { OpenDocument, Place } from '../editor/document'
import type { OpenFiles } from '../editor/open-files'
import { homePath, isWithin } from '../files/paths'
import type { Run } from '../inside/run'
import { call } from '../lib/api'
import { type LanguageServer, languageServer } from '../lib/protocol'
import { Store } from '../terminal/store'
import type { Fixes, HelpOf, HelpTools, Panel, References, Words } from './help-tools'
import { helpedLanguageOf, installOf, markersOf } from './languages'
import { Problems } from './problems'
import { rootOf } from './root'
import type { Server } from './server'

const listed = z.object({ servers: z.array(languageServer) })

/** After a file was closed, its server is kept for so long: another one may be opened. */
const idleMs = 30_000
/** That nothing is installed is believed for so long: somebody may be installing it. */
const absentMs = 5000

/** Language servers of a sandbox, for the files that are open. Kept outside of React; its larger part is loaded when needed. */
export class LanguageHelp implements HelpTools {
  readonly problems = new Problems()
  /** What is listed below the text. */
  readonly panel = new Store<Panel | null>(null)
  readonly references = new Store<References | null>(null)
  readonly fixes = new Store<Fixes | null>(null)
  /** Whether the sandbox runs. */
  readonly running = new Store(false)
  /** Counts the times that it was wanted to look anew. */
  readonly looked = new Store(0)
  /** Set by the page while it is shown. */
  words: Words | null = null
  readonly #servers = new Map<string, Promise<Server>>()
  readonly #of = new WeakMap<OpenDocument, HelpOf & { readonly path: string }>()
  #installed: { readonly atMs: number; readonly list: Promise<readonly LanguageServer[]> } | null = null
  readonly #roots = new Map<string, Promise<string>>()
  #idle: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly sandboxId: string,
    readonly open: OpenFiles,
    private readonly run: Run,
    /** Puts a place of a file before the person. */
    readonly show: (path: string, place: Place) => void,
  ) {
    open.state.subscribe(() => this.#endIdle())
  }

  setRunning(running: boolean): void {
    if (running === this.running.get()) return
    this.running.set(running)
    if (running) this.#installed = null
    void this.#each((server) => (running ? server.restart() : server.pause()))
  }

  /** What a document has, where that is known already. */
  of(document: OpenDocument | null): HelpOf {
    const known = document ? this.#of.get(document) : undefined
    return known && known.path === document?.path ? known : { kind: 'none' }
  }

  /** @throws ApiError, Unreachable when the sandbox cannot say what it has */
  async find(document: OpenDocument, firstLine: string): Promise<HelpOf> {
    const { path } = document
    const before = this.of(document)
    if (before.kind === 'server') return before
    const languageId = helpedLanguageOf(path, firstLine)
    if (languageId === null || !this.running.get()) return { kind: 'none' }
    const found = await this.#find(path, languageId)
    const help: HelpOf = found
      ? { kind: 'server', server: found, extension: await this.#extension(found, path, languageId) }
      : { kind: 'absent', languageId, install: installOf(languageId) }
    this.#of.set(document, { ...help, path })
    return help
  }

  /** Looks anew what is installed, and starts again what runs. */
  restart(): void {
    this.#installed = null
    this.#roots.clear()
    void this.#each((server) => server.restart())
    this.looked.set(this.looked.get() + 1)
  }

  filesChanged(paths: ReadonlySet<string>): void {
    void this.#each((server) =>
      server.filesChanged([...paths].filter((path) => isWithin(path, server.root)).slice(0, 100)),
    )
  }

  close(): void {
    clearTimeout(this.#idle)
    void this.#each((server) => server.destroy())
    this.#servers.clear()
  }

  async #find(path: string, languageId: string): Promise<Server | null> {
    const known = (await this.#list()).find(({ languages }) => languages.includes(languageId))
    if (!known) return null
    const inHome = isWithin(path, homePath)
    const root = inHome ? await this.#rootOf(path, languageId) : homePath
    const key = `${known.id} ${root}`
    // A library's file is for the server that led to it.
    const same = [...this.#servers.keys()].find((one) => one.startsWith(`${known.id} `))
    const chosen = inHome ? key : (same ?? key)
    const server = this.#servers.get(chosen) ?? this.#start(known, root)
    this.#servers.set(chosen, server)
    return server
  }

  /** Asked once for each directory and language. */
  #rootOf(path: string, languageId: string): Promise<string> {
    const key = `${languageId} ${path.slice(0, path.lastIndexOf('/'))}`
    const root = this.#roots.get(key) ?? rootOf(this.run, path, markersOf(languageId))
    this.#roots.set(key, root)
    return root
  }

  async #start(about: LanguageServer, root: string): Promise<Server> {
    const { Server: Started } = await import('./server')
    const query = new URLSearchParams({ server: about.id, root })
    const origin = window.location.origin.replace(/^http/, 'ws')
    const url = `${origin}/api/v1/sandboxes/${this.sandboxId}/lsp?${query}`
    return new Started(about, root, url, this.open, this.problems)
  }

  async #extension(server: Server, path: string, languageId: string): Promise<Extension> {
    const [{ uriOf }, { keysOf }] = await Promise.all([import('./uri'), import('./actions')])
    return [server.client.plugin(uriOf(path), languageId), keysOf(this)]
  }

  #list(): Promise<readonly LanguageServer[]> {
    const known = this.#installed
    if (known && performance.now() - known.atMs < absentMs) return known.list
    const list = call(listed, `/sandboxes/${this.sandboxId}/lsp`).then(({ servers }) => servers)
    this.#installed = { atMs: performance.now(), list }
    list.catch(() => {
      this.#installed = null
    })
    return list
  }

  #endIdle(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      for (const [key, starting] of this.#servers) {
        void starting.then((server) => {
          if (server.workspace.files.length > 0 || this.#servers.get(key) !== starting) return
          this.#servers.delete(key)
          server.destroy()
        })
      }
    }, idleMs)
  }

  async #each(act: (server: Server) => void): Promise<void> {
    for (const starting of this.#servers.values()) {
      // One whose part of the page could not be loaded is not there.
      await starting.then(act, () => {})
    }
  }
}

import { z } from 'zod'
import '../lib/jitless'
import type { FilesClient } from '../files/client'
import { isWithin, movedPath } from '../files/paths'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'
import { OpenDocument, type Place } from './document'
import { Drafts } from './drafts'
import { activeOf, allOf, type Groups, groupsMax, moved, noGroups, shown, without } from './groups'

export interface Opened extends Groups<OpenDocument> {
  /** Those of all groups. */
  readonly documents: readonly OpenDocument[]
  /** The one that is shown in the focused group. */
  readonly active: OpenDocument | null
}

const openMax = 50
const remembered = z.object({
  paths: z.array(z.string().max(4096)).max(openMax).catch([]),
  active: z.string().nullable().catch(null),
  groups: z
    .array(z.object({ paths: z.array(z.string().max(4096)).max(openMax), active: z.string().nullable() }))
    .max(groupsMax)
    .catch([]),
})

/** The files that are open in the editor. This browser remembers which, and opens those that have unsaved text. */
export class OpenFiles {
  readonly state = new Store<Opened>(opened(noGroups))
  /** Changes are told: nothing has to be read again to see them. */
  watched = false
  /** What a person chose last. What is only restored leaves the focus to the terminal. */
  chosen: OpenDocument | null = null
  /** Counts how often somebody opened a file, also one that is shown already: its text takes the focus. */
  readonly asked = new Store(0)
  readonly #drafts: Drafts
  readonly #key: string

  constructor(
    userId: string,
    sandboxId: string,
    private readonly client: FilesClient,
    /** Whoever is here may only look. */
    private readonly looking = false,
  ) {
    this.#drafts = new Drafts(userId, sandboxId)
    this.#key = `cloche-editor-${sandboxId}`
  }

  /** Opens what was open at the last visit. */
  async restore(): Promise<void> {
    const { paths, active, groups } = remembered.parse(read(this.#key) ?? {})
    const unsaved = await this.#drafts.paths()
    const all = [...new Set([...paths, ...unsaved])].slice(0, openMax)
    if (all.length === 0 || this.state.get().documents.length > 0) return
    const documents = new Map(all.map((path) => [path, this.#document(path)]))
    this.state.set(opened(arranged(documents, groups, active)))
    for (const group of this.state.get().groups) void group.active?.load()
    for (const path of unsaved) void documents.get(path)?.load()
  }

  open(path: string, place: Place | null = null): void {
    const document = this.find(path) ?? this.#document(path)
    if (place) document.wanted.set(place)
    this.activate(document)
    this.asked.set(this.asked.get() + 1)
  }

  /** The one that is open of a path. */
  find(path: string): OpenDocument | undefined {
    return this.state.get().documents.find((document) => document.path === path)
  }

  /** A document without a tab, for whoever changes a file that is not open. */
  aside(path: string): OpenDocument {
    return this.#document(path)
  }

  activate(document: OpenDocument): void {
    this.chosen = document
    this.#set(shown(this.state.get(), document))
    void document.load()
    void document.checkDisk()
  }

  /** Somebody went elsewhere: what is still loading leaves the focus there. */
  leave(): void {
    this.chosen = null
  }

  /** Shows a file as another person sees it: the focus stays where it is. */
  follow(path: string, line: number): void {
    const document = this.find(path) ?? this.#document(path)
    document.seen.set({ line })
    if (this.state.get().active === document) return
    this.leave()
    this.#set(shown(this.state.get(), document))
    void document.load()
    void document.checkDisk()
  }

  /** Somebody works in this group. */
  focus(group: number): void {
    const now = this.state.get()
    if (group !== now.focused && group < now.groups.length) this.#set({ ...now, focused: group })
  }

  /** Moves a file to another group; past the last one makes a group for it. */
  moveTo(document: OpenDocument, group: number): void {
    const now = this.state.get()
    const next = moved(now, document, group)
    if (next === now) return
    this.#set(next)
    this.activate(document)
    this.asked.set(this.asked.get() + 1)
    for (const { active } of next.groups) void active?.load()
  }

  /** The next or previous one of the focused group, round the ends. */
  step(by: 1 | -1): void {
    const { groups, focused, active } = this.state.get()
    const { documents } = groups[focused] ?? noGroups.groups[0]
    const here = active ? documents.indexOf(active) : 0
    const next = documents[(here + by + documents.length) % documents.length]
    if (next) this.activate(next)
  }

  /** @param discard forgets what is not saved */
  close(document: OpenDocument, { discard = false } = {}): void {
    document.close({ discard })
    this.#set(without(this.state.get(), document))
    for (const { active } of this.state.get().groups) void active?.load()
  }

  renamed(from: string, to: string): void {
    for (const document of this.state.get().documents) {
      const path = movedPath(document.path, from, to)
      if (path !== document.path) void document.move(path)
    }
    this.#set(this.state.get())
  }

  /** Saves what is unsaved of a file, or below a directory, as far as it can be saved. */
  async settle(path: string): Promise<void> {
    const within = this.unsaved.filter((document) => isWithin(document.path, path))
    await Promise.all(within.map((document) => document.saveNow()))
  }

  /**
   * Somebody deleted it here.
   * @param forGood they were asked before; otherwise what is not saved stays open
   */
  deleted(path: string, forGood: boolean): void {
    for (const document of this.state.get().documents) {
      const gone = isWithin(document.path, path) && (forGood || !document.unsaved)
      if (gone) this.close(document, { discard: true })
    }
  }

  get unsaved(): readonly OpenDocument[] {
    return this.state.get().documents.filter((document) => document.unsaved)
  }

  /** Saves what can be saved, and keeps the rest in this browser. */
  flush(): void {
    for (const document of this.unsaved) {
      void document.flush()
      if (document.save?.kind !== 'conflict') void document.saveNow()
    }
  }

  /** The same when one of these paths is its own, or of a directory that it is in. */
  checkWhere(paths: ReadonlySet<string>): void {
    for (const { active } of this.state.get().groups) {
      if (active && [...paths].some((one) => isWithin(active.path, one))) void active.checkDisk()
    }
  }

  checkDisk(): void {
    for (const { active } of this.state.get().groups) void active?.checkDisk()
  }

  retry(): void {
    for (const document of this.state.get().documents) document.retry()
  }

  #document(path: string): OpenDocument {
    return new OpenDocument(path, this.client, this.#drafts, this.looking)
  }

  #set(groups: Groups<OpenDocument>): void {
    const state = opened(groups)
    this.state.set(state)
    const pathsOf = (documents: readonly OpenDocument[]) =>
      documents.slice(0, openMax).map(({ path }) => path)
    write(this.#key, {
      paths: pathsOf(state.documents),
      active: state.active?.path ?? null,
      groups: state.groups.map(({ documents, active }) => ({
        paths: pathsOf(documents),
        active: active?.path ?? null,
      })),
    })
  }
}

const opened = ({ groups, focused }: Groups<OpenDocument>): Opened => ({
  ...{ groups, focused },
  documents: allOf({ groups, focused }),
  active: activeOf({ groups, focused }),
})

/** As they were at the last visit; what no group had then goes to the first. */
function arranged(
  documents: ReadonlyMap<string, OpenDocument>,
  before: z.infer<typeof remembered>['groups'],
  active: string | null,
): Groups<OpenDocument> {
  const left = new Map(documents)
  const taken = before.map((group) => {
    const own = group.paths.flatMap((path) => left.get(path) ?? [])
    for (const { path } of own) left.delete(path)
    return { own, active: documents.get(group.active ?? '') }
  })
  const [first = { own: [], active: undefined }, ...others] = taken
  const groups = [{ ...first, own: [...first.own, ...left.values()] }, ...others]
    .filter(({ own }) => own.length > 0)
    .map(({ own, active: shownThen }) => ({
      documents: own,
      active: shownThen && own.includes(shownThen) ? shownThen : (own[0] ?? null),
    }))
  const chosen = documents.get(active ?? '')
  const all = { groups, focused: 0 }
  return chosen ? shown(all, chosen) : all
}

import { z } from 'zod'
import '../lib/jitless'
import { order } from '../lib/api'
import { oneLine } from '../lib/format'
import { ClipboardPermission } from './clipboard'
import type { TerminalLine } from './line'
import { read, write } from './preferences'
import type { Screen } from './screen'
import { type Size, TerminalSession } from './session'
import { Store } from './store'

export interface Tab {
  /** Of this page only. */
  readonly key: number
  readonly session: TerminalSession
  /** What a person called it; the program's own title otherwise. */
  readonly name: string
  /** It rang, and nobody has looked since. */
  readonly rang: boolean
  /** When it ended with its sandbox, which was stopped: it is here to be read. */
  readonly stoppedAt: string | null
}

export interface Tabs {
  readonly tabs: readonly Tab[]
  readonly active: number | null
}

const layout = z.object({
  order: z.array(z.string().max(64)).max(200).catch([]),
  names: z.record(z.string().max(64), z.string().max(64)).catch({}),
  active: z.string().max(64).nullable().catch(null),
})

/** The size that fitted last in this browser: a good guess before a page is drawn. */
const roomKey = 'cloche-room'
const size = z.object({ cols: z.int().min(2).max(1000), rows: z.int().min(1).max(500) })

/** The tabs of one sandbox's workspace. Their order and names are remembered by this browser. */
export class TerminalTabs {
  readonly state = new Store<Tabs>({ tabs: [], active: null })
  readonly clipboard: ClipboardPermission
  /** Whoever is here may only look: nothing is typed, opened or ended. Set before tabs are restored. */
  looking = false
  readonly #sandboxId: string
  readonly #line: TerminalLine
  readonly #newScreen: () => Screen
  #next = 1
  #room: Size | null

  constructor(sandboxId: string, line: TerminalLine, newScreen: () => Screen) {
    this.clipboard = new ClipboardPermission(sandboxId)
    this.#sandboxId = sandboxId
    this.#line = line
    this.#newScreen = newScreen
    this.#room = size.safeParse(read(roomKey)).data ?? null
  }

  /**
   * Shows the terminals that there are, in the order they had, and a new one when none of them runs.
   * @param stoppedAt by id: when those ended that are here to be read
   */
  restore(
    terminalIds: readonly string[],
    wanted: string | null = null,
    stoppedAt: ReadonlyMap<string, string> = new Map(),
  ): void {
    const { order: places, names, active } = this.#remembered()
    const first = wanted !== null && terminalIds.includes(wanted) ? wanted : active
    const known = places.filter((id) => terminalIds.includes(id))
    const ids = [...known, ...terminalIds.filter((id) => !known.includes(id))]
    const tabs = ids.map((id) => this.#tab(names[id] ?? '', id, 'user', stoppedAt.get(id)))
    const chosen = tabs.find(({ session }) => session.terminalId === first) ?? tabs[0]
    this.#set({ tabs, active: chosen?.key ?? null })
    if (tabs.some((tab) => tab.stoppedAt === null)) return
    this.open()
    // Whoever comes by a link to one that has ended wants to read it.
    if (chosen !== undefined && chosen.session.terminalId === wanted) this.activate(chosen.key)
  }

  /** @param user whom its shell runs as */
  open(user: 'user' | 'root' = 'user'): void {
    if (this.looking) return
    const tab = this.#tab(user === 'root' ? 'root' : '', undefined, user)
    this.#set({ tabs: [...this.state.get().tabs, tab], active: tab.key })
  }

  /**
   * Shows a terminal that something was started in.
   * @param replaces one that has ended, and whose place it takes
   */
  show(terminalId: string, name: string, replaces: string | null): void {
    const { tabs } = this.state.get()
    const old = tabs.find(({ session }) => session.terminalId === replaces)
    const tab = tabs.find(({ session }) => session.terminalId === terminalId) ?? this.#tab(name, terminalId)
    const others = tabs.filter((one) => one !== tab)
    const place = old ? others.indexOf(old) : others.length
    this.#set({ tabs: others.toSpliced(place, old ? 1 : 0, tab), active: tab.key })
    old?.session.dispose({ end: true })
  }

  /** Begins a new shell in the place of a terminal that has ended, under its name. */
  renew(key: number): void {
    const { tabs } = this.state.get()
    const old = tabs.find((tab) => tab.key === key)
    if (old === undefined || this.looking) return
    const fresh = this.#tab(old.name)
    this.#set({ tabs: tabs.map((tab) => (tab === old ? fresh : tab)), active: fresh.key })
    this.#end(old)
  }

  #end({ session, stoppedAt }: Tab): void {
    session.dispose({ end: !this.looking && stoppedAt === null })
    if (stoppedAt === null || session.terminalId === undefined || this.looking) return
    // Should it stay, it is there to be closed another time.
    const path = `/sandboxes/${this.#sandboxId}/terminals/${session.terminalId}`
    void order(path, { method: 'DELETE' }).catch(() => {})
  }

  #tab(
    name: string,
    terminalId?: string,
    user: 'user' | 'root' = 'user',
    stoppedAt: string | null = null,
  ): Tab {
    const session = new TerminalSession(
      this.#line,
      this.#sandboxId,
      this.#newScreen(),
      () => this.#room,
      terminalId,
      user,
      this.looking,
    )
    const key = this.#next++
    session.bells.subscribe(() => this.#rang(key))
    session.status.subscribe(() => this.#remember())
    return { key, session, name, rang: false, stoppedAt }
  }

  /**
   * The active one fits its place, if it is on the page already; then the others are attached too, at the same size,
   * to show title and bell.
   * @param claim somebody is here, and the terminal is to have the size that fits here
   */
  fit(claim: boolean): void {
    const { tabs, active } = this.state.get()
    const shown = tabs.find(({ key }) => key === active)?.session
    if (!shown) return
    shown.fit(claim)
    const room = shown.screen.room()
    if (room) this.#rememberRoom(room)
    void shown.attach()
    for (const { session } of tabs) void session.attach()
  }

  #rang(key: number): void {
    const { tabs, active } = this.state.get()
    const known = tabs.find((tab) => tab.key === key)?.rang ?? true
    if (!known && (active !== key || !document.hasFocus())) this.#change(key, { rang: true })
  }

  /** Somebody is at the page again, and sees the tab that is shown. */
  looked(): void {
    const { tabs, active } = this.state.get()
    const shown = tabs.find(({ key }) => key === active)
    if (shown?.rang) this.#change(shown.key, { rang: false })
  }

  activate(key: number): void {
    this.#set({ ...this.state.get(), active: key })
    this.#change(key, { rang: false })
  }

  /** The next or previous one, round the ends. */
  step(by: 1 | -1): void {
    const { tabs, active } = this.state.get()
    const here = tabs.findIndex(({ key }) => key === active)
    const next = tabs[(here + by + tabs.length) % tabs.length]
    if (next) this.activate(next.key)
  }

  move(key: number, by: 1 | -1): void {
    const { tabs, active } = this.state.get()
    const from = tabs.findIndex((tab) => tab.key === key)
    const to = from + by
    if (from < 0 || to < 0 || to >= tabs.length) return
    const moved = [...tabs]
    moved.splice(to, 0, ...moved.splice(from, 1))
    this.#set({ tabs: moved, active })
  }

  rename(key: number, name: string): void {
    this.#change(key, { name: oneLine(name, 64) })
  }

  /** Ends the terminal's program, for everybody, and takes its tab away. */
  close(key: number): void {
    const { tabs, active } = this.state.get()
    const index = tabs.findIndex((tab) => tab.key === key)
    const rest = tabs.filter((tab) => tab.key !== key)
    const neighbour = rest[Math.min(index, rest.length - 1)]?.key ?? null
    if (tabs[index] !== undefined) this.#end(tabs[index])
    this.#set({ tabs: rest, active: active === key ? neighbour : active })
  }

  /** The sandbox was stopped: its terminals are gone, and nothing is left to be ended. */
  clear(): void {
    for (const { session } of this.state.get().tabs) session.dispose({ end: false })
    this.state.set({ tabs: [], active: null })
  }

  /** The page goes away. The terminals live on. */
  dispose(): void {
    this.clear()
  }

  #rememberRoom(room: Size): void {
    this.#room = room
    write(roomKey, room)
  }

  #change(key: number, change: Partial<Tab>): void {
    const { tabs, active } = this.state.get()
    this.#set({ tabs: tabs.map((tab) => (tab.key === key ? { ...tab, ...change } : tab)), active })
  }

  #set(state: Tabs): void {
    this.state.set(state)
    this.#remember()
  }

  get #key(): string {
    return `cloche-workspace-${this.#sandboxId}`
  }

  #remembered(): z.infer<typeof layout> {
    return layout.parse(read(this.#key) ?? {})
  }

  #remember(): void {
    const { tabs, active } = this.state.get()
    const places: string[] = []
    const names: Record<string, string> = {}
    for (const { session, name } of tabs) {
      if (!session.terminalId) continue
      places.push(session.terminalId)
      if (name) names[session.terminalId] = name
    }
    const shown = tabs.find(({ key }) => key === active)?.session.terminalId ?? null
    write(this.#key, { order: places, names, active: shown })
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { NodeThumbnail, NodeThumbnails } from '../../protocol/node/index.js'
import { DrawingThread } from './drawing-thread.js'
import type { Place } from './history.js'
import type { Terminal } from './terminal.js'
import type { ThumbnailWish } from './thumbnail-screens.js'

/** What is drawn later than this, the next call gets. */
const patienceMs = 800
/** An emulator that nobody has asked for is given up after this, and the thread when nobody asks for any. */
const keptMs = 15_000
/** Emulators at once. More sandboxes than these have no thumbnail. */
const most = 256
/** A larger screen is not drawn: each cell takes 12 bytes, twice. */
const maxCells = 30_000
/** The thread waits for so many times as long as the last thumbnail of a sandbox took before it draws the next of that. */
const restFactor = 10
/** Of a sandbox that nobody could draw there is no thumbnail for this long. */
const refusedMs = 300_000

/** Of one sandbox: what was drawn last, and how far the emulator in the thread is. */
interface Kept {
  readonly terminalId: string
  place: Place | undefined
  drawn: NodeThumbnail | undefined
  drawing: Promise<void> | undefined
  usedAt: number
  notBefore: number
}

const answer = z.object({ lines: z.array(z.string()).nullable(), tookMs: z.number() })

/**
 * What terminals show, as text, for whoever looks at many at once and again and again. An emulator for each is kept in a thread, so that
 * only what was written since is read. Nothing of it runs while nobody asks.
 */
export class Thumbnails {
  readonly #kept = new Map<string, Kept>()
  readonly #refused = new Map<string, number>()
  readonly #forget = new Set<string>()
  readonly #thread: DrawingThread
  #timer: NodeJS.Timeout | undefined

  /** @param entry as of `Screens` */
  constructor(entry: URL, log: Logger) {
    this.#thread = new DrawingThread(entry, log, () => {
      this.#forget.clear()
      for (const one of this.#kept.values()) one.place = undefined
    })
  }

  /**
   * @param wanted sandboxes with their terminals that run, and the version that the caller has
   * @returns those that differ from it, and are there soon
   */
  async of(
    wanted: readonly { id: string; seen: string | null; terminals: readonly Terminal[] }[],
  ): Promise<NodeThumbnails['thumbnails']> {
    this.#tidy()
    const late = sleep(patienceMs, undefined, { ref: false })
    const found = await Promise.all(
      wanted.map(async ({ id, seen, terminals }) => {
        const thumbnail = await this.#one(id, terminals, late)
        const isNews =
          thumbnail === null ? seen !== null : thumbnail !== undefined && thumbnail.version !== seen
        return isNews ? [{ sandboxId: id, thumbnail: thumbnail ?? null }] : []
      }),
    )
    return found.flat()
  }

  /** @returns null when there is none; undefined when it is not there yet */
  async #one(
    id: string,
    terminals: readonly Terminal[],
    late: Promise<unknown>,
  ): Promise<NodeThumbnail | null | undefined> {
    const terminal = terminals.toSorted((one, other) => other.usedAt - one.usedAt)[0]
    if (terminal === undefined || terminal.size.cols * terminal.size.rows > maxCells) return null
    if ((this.#refused.get(id) ?? 0) > performance.now()) return null
    const kept = this.#keep(id, terminal)
    if (kept === undefined) return null
    if (kept.drawn?.version !== versionOf(terminal)) {
      if (performance.now() >= kept.notBefore) {
        kept.drawing ??= this.#draw(id, terminal, kept).finally(() => {
          kept.drawing = undefined
        })
      }
      await Promise.race([kept.drawing, late])
    }
    return (this.#refused.get(id) ?? 0) > performance.now() ? null : kept.drawn
  }

  /** @returns undefined when there are too many */
  #keep(id: string, terminal: Terminal): Kept | undefined {
    const usedAt = performance.now()
    const known = this.#kept.get(id)
    if (known?.terminalId === terminal.id) {
      known.usedAt = usedAt
      return known
    }
    if (known === undefined && this.#kept.size >= most) return undefined
    const notBefore = known?.notBefore ?? 0
    const fresh = {
      ...{ terminalId: terminal.id, place: undefined, drawn: undefined, drawing: undefined },
      ...{ usedAt, notBefore },
    }
    this.#kept.set(id, fresh)
    return fresh
  }

  async #draw(id: string, terminal: Terminal, kept: Kept): Promise<void> {
    const version = versionOf(terminal)
    const { size } = terminal
    const { from, happened, place } = terminal.since(kept.place)
    const forget = [...this.#forget]
    this.#forget.clear()
    // Before it is drawn: a thread that is lost meanwhile takes it back.
    kept.place = place
    const thumbnail: ThumbnailWish = { id, from, size, happened, forget: forget.filter((one) => one !== id) }
    try {
      const { lines, tookMs } = answer.parse(await this.#thread.ask({ thumbnail }, false))
      // The thread was lost meanwhile, and the next call begins anew.
      if (lines === null) return
      kept.drawn = { terminalId: terminal.id, title: terminal.describe().title, version, lines }
      kept.notBefore = performance.now() + restFactor * tookMs
    } catch {
      // Whoever drew it has said why.
      this.#kept.delete(id)
      this.#forget.add(id)
      this.#refused.set(id, performance.now() + refusedMs)
    }
  }

  #tidy(): void {
    const now = performance.now()
    for (const [id, { usedAt, drawing }] of this.#kept) {
      if (now - usedAt < keptMs || drawing !== undefined) continue
      this.#kept.delete(id)
      this.#forget.add(id)
    }
    for (const [id, until] of this.#refused) if (until <= now) this.#refused.delete(id)
    this.#restSoon()
  }

  #restSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#thread.rest()) this.#kept.clear()
      else this.#restSoon()
    }, keptMs).unref()
  }
}

const versionOf = ({ id, seq, size }: Terminal) => `${id}.${seq}.${size.cols}x${size.rows}`

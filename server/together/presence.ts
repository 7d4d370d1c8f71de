import type { Logger } from 'pino'
import { newId, type Present, type SharedFrame, type SocketEnter } from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { type Notice, type Notices, tell } from '../database/notices.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import type { Held } from '../guests/guests.js'
import type { SandboxService } from '../sandboxes/service.js'
import { repeat } from '../schedule.js'
import { Elsewhere } from './elsewhere.js'

/** Windows that have one sandbox open at one server. */
const maxHere = 200
/** Changes of many at once are told together. */
const tellMs = 100
/** Servers of which nothing was heard for three times as long have nobody there any more. */
const aliveMs = 10_000
/** PostgreSQL refuses a notice of 8,000 bytes. */
const noticeBytes = 7500

/** What a window is told. */
interface Hears {
  people(people: readonly Present[]): void
  told(from: string, frame: SharedFrame): void
}

interface Here {
  person: Present
  readonly held: Held
  readonly hears: Hears
  timer: NodeJS.Timeout | undefined
}

interface Room {
  readonly here: Map<string, Here>
  /** At other servers, until when that is believed. */
  readonly elsewhere: Map<string, { person: Present; until: number }>
  timer: NodeJS.Timeout | undefined
}

/** Somebody's window on one sandbox, as the server has it. */
export interface Entered {
  readonly id: string
  change(files: readonly string[]): void
  /**
   * Tells windows that show the file of the frame.
   * @returns how many of them may write it
   * @throws ApiError `forbidden` when it is more than the caller may at this moment
   */
  tell(frame: SharedFrame): number
  leave(): void
}

/**
 * Who has which workspace open, and which files of it: at this server, and as other servers tell. Windows that show the same
 * file tell each other through it what is done there. Nothing is decided by it.
 */
export class Presence implements AsyncDisposable {
  readonly #rooms = new Map<string, Room>()
  readonly #chore: AsyncDisposable
  readonly #elsewhere: Elsewhere

  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly server: string,
    notices: Notices,
    private readonly log: Logger,
  ) {
    notices.on('notice', (told) => this.#hear(told))
    notices.on('missed', () => {
      for (const id of this.#rooms.keys()) this.#ask(id)
    })
    const hear = (id: string, from: string, frame: SharedFrame) => void this.#tellHere(id, from, frame)
    this.#elsewhere = new Elsewhere(database, server, notices, hear, log)
    this.#chore = repeat('telling who is here', aliveMs, log, async () => this.#stayAlive())
  }

  /**
   * @param hears is told who is there, itself included, now and at each change
   * @param end called when the caller must leave
   * @throws ApiError as `SandboxService.authorize`; `conflict` when too many are there
   */
  async enter(
    who: Principal,
    { sandboxId, files }: SocketEnter,
    hears: Hears,
    end: () => void,
  ): Promise<Entered> {
    await this.sandboxes.authorize(who, 'sandbox.read', sandboxId)
    const name = await this.#nameOf(who)
    if ((this.#rooms.get(sandboxId)?.here.size ?? 0) >= maxHere) {
      throw new ApiError('conflict', `at most ${maxHere} windows can have a workspace open at one server`)
    }
    const id = newId('pe')
    const leave = () => this.#leave(sandboxId, id)
    const held = await this.sandboxes.hold(who, sandboxId, () => {
      leave()
      end()
    })
    if (!held.may('sandbox.read')) throw notFound('sandbox')
    const mayType = held.may('file.write')
    const person = { id, name, files: [...files], mayType, since: Date.now() }
    const room = this.#roomOf(sandboxId)
    const first = room.here.size === 0
    const one: Here = { person, held, hears, timer: undefined }
    room.here.set(id, one)
    if (first) this.#ask(sandboxId)
    this.#announce(sandboxId, one)
    return {
      id,
      leave,
      tell: (frame) => {
        if (!held.may(frame.kind === 'edit' ? 'file.write' : 'file.read')) {
          throw forbidden('the sandbox is shared with you to look at it, not to change its files')
        }
        return this.#pass(sandboxId, id, frame)
      },
      change: (shown) => {
        one.person = { ...one.person, files: [...shown], mayType: held.may('file.write') }
        this.#changed(sandboxId, room)
        one.timer ??= setTimeout(() => this.#announce(sandboxId, one), tellMs).unref()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chore[Symbol.asyncDispose]()
  }

  #roomOf(sandboxId: string): Room {
    const known = this.#rooms.get(sandboxId)
    const room = known ?? { here: new Map(), elsewhere: new Map(), timer: undefined }
    this.#rooms.set(sandboxId, room)
    return room
  }

  #leave(sandboxId: string, id: string): void {
    const room = this.#rooms.get(sandboxId)
    const one = room?.here.get(id)
    if (room === undefined || one === undefined) return
    room.here.delete(id)
    one.held.release()
    clearTimeout(one.timer)
    this.#tell({ type: 'went', id: sandboxId, server: this.server, person: id })
    if (room.here.size > 0) this.#changed(sandboxId, room)
    else {
      clearTimeout(room.timer)
      this.#rooms.delete(sandboxId)
    }
  }

  #hear(told: Notice): void {
    if (told.type !== 'came' && told.type !== 'went' && told.type !== 'who_is') return
    const room = this.#rooms.get(told.id)
    if (room === undefined || told.server === this.server) return
    if (told.type === 'who_is') {
      for (const one of room.here.values()) this.#announce(told.id, one)
      return
    }
    if (told.type === 'went') room.elsewhere.delete(told.person)
    else if (room.elsewhere.size < maxHere || room.elsewhere.has(told.person.id)) {
      room.elsewhere.set(told.person.id, { person: told.person, until: Date.now() + 3 * aliveMs })
    }
    this.#changed(told.id, room)
  }

  #announce(sandboxId: string, one: Here): void {
    clearTimeout(one.timer)
    one.timer = undefined
    const room = this.#rooms.get(sandboxId)
    if (room === undefined || !room.here.has(one.person.id)) return
    const told = { type: 'came', id: sandboxId, server: this.server, person: one.person } as const
    const fits = Buffer.byteLength(JSON.stringify(told)) <= noticeBytes
    this.#tell(fits ? told : { ...told, person: { ...one.person, files: [] } })
    this.#changed(sandboxId, room)
  }

  #pass(sandboxId: string, from: string, frame: SharedFrame): number {
    const elsewhere = [...(this.#rooms.get(sandboxId)?.elsewhere.values() ?? [])]
    const there = elsewhere.map(({ person }) => person).filter((person) => isFor(frame, person))
    if (there.length > 0) this.#elsewhere.tell(sandboxId, from, frame)
    return this.#tellHere(sandboxId, from, frame) + there.filter(({ mayType }) => mayType).length
  }

  #tellHere(sandboxId: string, from: string, frame: SharedFrame): number {
    let reached = 0
    for (const { person, held, hears } of this.#rooms.get(sandboxId)?.here.values() ?? []) {
      if (person.id === from || !isFor(frame, person) || !held.may('file.read')) continue
      hears.told(from, frame)
      if (held.may('file.write')) reached++
    }
    return reached
  }

  #ask(sandboxId: string): void {
    this.#tell({ type: 'who_is', id: sandboxId, server: this.server })
  }

  #tell(told: Notice): void {
    tell(this.database.relaxed, told).catch((error: unknown) =>
      this.log.warn({ err: error }, 'other servers are not told who is here'),
    )
  }

  /** Tells those who are here, soon. */
  #changed(sandboxId: string, room: Room): void {
    room.timer ??= setTimeout(() => {
      room.timer = undefined
      if (this.#rooms.get(sandboxId) !== room) return
      const people = [...room.here.values(), ...room.elsewhere.values()]
        .map(({ person }) => person)
        .toSorted((one, other) => one.since - other.since || (one.id < other.id ? -1 : 1))
      for (const { hears } of room.here.values()) hears.people(people)
    }, tellMs).unref()
  }

  /** Only servers that know of each other's people tell each other again. */
  #stayAlive(): void {
    const now = Date.now()
    for (const [id, room] of this.#rooms) {
      if (room.elsewhere.size === 0) continue
      for (const one of room.here.values()) this.#announce(id, one)
      for (const [person, { until }] of room.elsewhere) if (until < now) room.elsewhere.delete(person)
    }
  }

  /** Guests are told no e-mail address. */
  async #nameOf({ userId, actor }: Principal): Promise<string> {
    if (userId === null) return actor.slice(0, 128)
    const user = await this.database.prisma.user.findUnique({ where: { id: userId }, select: { name: true } })
    return (user?.name ?? '').slice(0, 128)
  }
}

/** What is about a file is for who shows it; the rest names whom it is for. */
const isFor = (frame: SharedFrame, { id, files }: Present) =>
  (frame.to === undefined || frame.to === id) &&
  (frame.kind === 'follow' || frame.kind === 'view' || files.includes(frame.path))

import type { Logger } from 'pino'
import { z } from 'zod'
import { type SharedFrame, sharedFrame } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { type Notice, type Notices, tellAll } from '../database/notices.js'

/** PostgreSQL refuses a notice of 8,000 bytes; with what is around it, this is less. */
const pieceChars = 7000
/** Characters that wait for the database. What is told beyond them is lost, and asked for again by the windows. */
const waitingCharsMax = 16 * 1024 * 1024
/** Frames of which only some pieces have come. */
const incompleteMax = 256

interface Incomplete {
  readonly pieces: Map<number, string>
}

type Told = Extract<Notice, { type: 'told' }>

/** Carries frames to windows at other servers: cut into notices of the database, and put together there. */
export class Elsewhere {
  #frames = 0
  #waiting: Told[] = []
  #waitingChars = 0
  #sending = false
  readonly #incomplete = new Map<string, Incomplete>()

  /** @param hear is told what came from other servers */
  constructor(
    private readonly database: Database,
    private readonly server: string,
    notices: Notices,
    hear: (sandboxId: string, from: string, frame: SharedFrame) => void,
    private readonly log: Logger,
  ) {
    notices.on('notice', (told) => {
      if (told.type !== 'told' || told.server === this.server) return
      const frame = this.#take(told)
      if (frame !== undefined) hear(told.id, told.from, frame)
    })
    notices.on('missed', () => this.#incomplete.clear())
  }

  tell(id: string, from: string, frame: SharedFrame): void {
    const text = encode(frame)
    if (this.#waitingChars + text.length > waitingCharsMax) {
      this.log.warn('other servers are not told what windows say: too much waits for the database')
      return
    }
    const parts = Math.max(1, Math.ceil(text.length / pieceChars))
    const number = this.#frames++
    for (let part = 0; part < parts; part++) {
      const piece = text.slice(part * pieceChars, (part + 1) * pieceChars)
      const about = { type: 'told', id, server: this.server, from } as const
      this.#waiting.push({ ...about, frame: number, part, parts, text: piece })
    }
    this.#waitingChars += text.length
    if (!this.#sending) void this.#send()
  }

  /** One call at a time: in their order, and what came meanwhile goes together. */
  async #send(): Promise<void> {
    this.#sending = true
    while (this.#waiting.length > 0) {
      const all = this.#waiting
      this.#waiting = []
      this.#waitingChars = 0
      await tellAll(this.database.relaxed, all).catch((error: unknown) =>
        this.log.warn({ err: error }, 'other servers are not told what windows say'),
      )
    }
    this.#sending = false
  }

  #take({ server, frame, part, parts, text }: Told): SharedFrame | undefined {
    if (parts === 1) return decode(text)
    const key = `${server} ${frame}`
    const known = this.#incomplete.get(key) ?? { pieces: new Map() }
    known.pieces.set(part, text)
    if (known.pieces.size === parts) {
      this.#incomplete.delete(key)
      return decode(Array.from({ length: parts }, (_, at) => known.pieces.get(at) ?? '').join(''))
    }
    this.#incomplete.set(key, known)
    const [oldest] = this.#incomplete.keys()
    if (this.#incomplete.size > incompleteMax && oldest !== undefined) this.#incomplete.delete(oldest)
    return undefined
  }
}

const headed = z.record(z.string(), z.unknown())

/** In base64, in which every character is one byte and none is escaped: what it says, a line break, and its bytes. */
function encode({ bytes, ...said }: SharedFrame): string {
  return Buffer.concat([Buffer.from(`${JSON.stringify(said)}\n`), bytes]).toString('base64')
}

function decode(text: string): SharedFrame | undefined {
  const all = Buffer.from(text, 'base64')
  const end = all.indexOf('\n')
  try {
    const said = headed.parse(JSON.parse(all.subarray(0, end).toString()))
    return sharedFrame.parse({ ...said, bytes: all.subarray(end + 1) })
  } catch {
    return undefined // a newer server may say what this one does not know
  }
}

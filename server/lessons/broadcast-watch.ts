import { isInExam, notThere } from '../auth/exams.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { isOfPeople } from '../guests/access.js'
import type { Held } from '../guests/guests.js'

/** What a student watches. */
interface Watching {
  readonly who: Principal
  readonly sandboxId: string
  readonly terminalId: string
  readonly end: () => void
  /** When the lesson is over; 0 when it may not be watched. */
  until: number
  expiry: NodeJS.Timeout | undefined
}

/** Until when each of these people may watch a terminal. One query, whatever many watch. */
const shown = `
  SELECT asked.at, max(shown."endsAt") AS until
  FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[]) WITH ORDINALITY AS asked(person, sandbox, terminal, at)
  JOIN shown_terminal AS shown ON shown."sandboxId" = asked.sandbox AND shown."terminalId" = asked.terminal
  JOIN class_member AS one ON one."classId" = shown."classId" AND one."userId" = asked.person AND one.role = 'student'
  GROUP BY asked.at`

/**
 * Terminals that lessons show to their students, who may look at them and nothing else of their sandbox. It ends for all at the moment
 * at which it is stopped, whichever server is told, and by a timer when the lesson is over.
 */
export class BroadcastWatch {
  readonly #open = new Set<Watching>()
  #checking = false
  #again = false

  constructor(
    private readonly database: Database,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if ((told.type === 'lesson' && told.hand !== true) || (told.type === 'access' && isOfPeople(told)))
        void this.check()
    })
    notices.on('missed', () => void this.check())
  }

  /**
   * @param end called at most once, when it may not be watched any more
   * @returns what decides about each frame
   * @throws ApiError `not_found`, as of a sandbox that is not there
   */
  async hold(who: Principal, sandboxId: string, terminalId: string, end: () => void): Promise<Held> {
    const one: Watching = { who, sandboxId, terminalId, end, until: 0, expiry: undefined }
    // Before it is looked up: what changes meanwhile is looked up again.
    this.#open.add(one)
    const release = () => {
      this.#open.delete(one)
      clearTimeout(one.expiry)
    }
    await this.#look([one], false)
    if (one.until === 0) {
      release()
      throw notThere(who, 'sandbox')
    }
    return {
      may: (action) => action === 'terminal.look' && one.until > Date.now() && !isInExam(who),
      release,
    }
  }

  /** Looks again at all that is watched. Many changes at once are one look or two. */
  async check(): Promise<void> {
    this.#again = true
    if (this.#checking) return
    this.#checking = true
    try {
      while (this.#again) {
        this.#again = false
        await this.#look([...this.#open], true)
      }
    } finally {
      this.#checking = false
    }
  }

  /** @param ends what may not be watched */
  async #look(all: readonly Watching[], ends: boolean): Promise<void> {
    if (all.length === 0) return
    // What cannot be looked up does not go on.
    const found = await this.#until(all).catch(() => new Map<number, Date>())
    for (const [at, one] of all.entries()) {
      if (!this.#open.has(one)) continue
      clearTimeout(one.expiry)
      one.until = isInExam(one.who) ? 0 : (found.get(at)?.getTime() ?? 0)
      if (one.until > 0) {
        const leftMs = Math.max(1, one.until - Date.now())
        one.expiry = setTimeout(() => void this.check(), leftMs).unref()
      } else if (ends) {
        this.#open.delete(one)
        one.end()
      }
    }
  }

  async #until(all: readonly Watching[]): Promise<Map<number, Date>> {
    const { rows } = await this.database.pool.query<{ at: string; until: Date }>({
      ...{ name: 'shown-terminals', text: shown },
      values: [
        all.map(({ who }) => who.userId),
        all.map(({ sandboxId }) => sandboxId),
        all.map(({ terminalId }) => terminalId),
      ],
    })
    return new Map(rows.map(({ at, until }) => [Number(at) - 1, until]))
  }
}

import type { Logger } from 'pino'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'

/** What changes within this time is told once. */
const tellMs = 100

/** A connection of a student. */
interface Open {
  readonly userId: string
  tell(): void
}

const students = `
  SELECT DISTINCT one."userId" FROM lesson
  JOIN class_member AS one ON one."classId" = lesson."classId" AND one.role = 'student'
  WHERE lesson.id = ANY($1) AND one."userId" = ANY($2)`

/**
 * Tells students that something of a live lesson of theirs has changed, whichever server changed it. What it is, they ask. That a
 * classmate raised a hand is not told: forty pages would ask each time.
 */
export class LessonNews {
  readonly #open = new Set<Open>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly database: Database,
    notices: Notices,
    private readonly log: Logger,
  ) {
    notices.on('notice', (told) => {
      if (told.type !== 'lesson' || told.hand === true || this.#open.size === 0) return
      this.#changed.add(told.id)
      this.#timer ??= setTimeout(() => void this.#tell(), tellMs).unref()
    })
    notices.on('missed', () => {
      for (const one of this.#open) one.tell()
    })
  }

  /** @returns to be called when the connection has ended */
  add({ userId, role }: Principal, tell: () => void): () => void {
    if (userId === null || role !== 'student') return () => {}
    const one = { userId, tell }
    this.#open.add(one)
    return () => this.#open.delete(one)
  }

  async #tell(): Promise<void> {
    this.#timer = undefined
    const lessons = [...this.#changed]
    this.#changed.clear()
    const open = [...this.#open]
    try {
      const { rows } = await this.database.pool.query<{ userId: string }>({
        ...{ name: 'students-of-lessons', text: students },
        values: [lessons, [...new Set(open.map(({ userId }) => userId))]],
      })
      const theirs = new Set(rows.map(({ userId }) => userId))
      for (const one of open) if (theirs.has(one.userId)) one.tell()
    } catch (error) {
      // Pages ask by themselves as well, less often.
      this.log.warn({ err: error }, 'students are not told that a lesson has changed')
    }
  }
}

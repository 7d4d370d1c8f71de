import { z } from 'zod'
import type { LessonBroadcast, ShowTerminal } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { personIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { tell } from '../database/notices.js'
import { ApiError, notFound } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { findLesson, findRunning } from './access.js'
import type { BroadcastWatch } from './broadcast-watch.js'

const row = z.object({
  ...{ lessonId: z.string(), sandboxId: z.string(), terminalId: z.string() },
  ...{ byName: z.string(), at: z.date() },
})

const put = `
  INSERT INTO lesson_broadcast ("lessonId", "sandboxId", "terminalId", "byUserId", "byName", at)
  VALUES ($1, $2, $3, $4, $5, now() AT TIME ZONE 'UTC')
  ON CONFLICT ("lessonId") DO UPDATE SET "sandboxId" = excluded."sandboxId", "terminalId" = excluded."terminalId",
    "byUserId" = excluded."byUserId", "byName" = excluded."byName", at = excluded.at`

/** What lessons show to their students now, by lesson. */
export async function broadcastsOf(
  { pool }: Database,
  lessons: readonly string[],
): Promise<ReadonlyMap<string, LessonBroadcast>> {
  if (lessons.length === 0) return new Map()
  const { rows } = await pool.query({
    name: 'broadcasts-of-lessons',
    text: 'SELECT * FROM shown_terminal WHERE "lessonId" = ANY($1)',
    values: [lessons],
  })
  return new Map(
    z
      .array(row)
      .parse(rows)
      .map(({ lessonId, sandboxId, terminalId, byName, at }) => [
        lessonId,
        { sandbox: sandboxId, terminal: terminalId, by: byName, since: at.toISOString() },
      ]),
  )
}

/** A terminal that a teacher shows to all students of a lesson. */
export class LessonBroadcasting {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly watch: BroadcastWatch,
  ) {}

  /**
   * Shows this one instead of what is shown, until it is stopped or the lesson ends.
   * @throws ApiError `invalid_request` for a sandbox that is a student's or another tenant's; `not_found` when the terminal does not run;
   * `conflict` when the lesson has ended
   */
  async show(who: Principal, id: string, { sandbox, terminal }: ShowTerminal): Promise<LessonBroadcast> {
    const { row: of } = await findRunning(this.database, who, 'class.teach', id)
    const { tenantId, ownerId, name } = await this.sandboxes.row(who, 'terminal.open', sandbox)
    if (tenantId !== who.tenantId || ownerId !== '') {
      throw new ApiError(
        'invalid_request',
        'sandbox: this one is of a student or of another tenant; show a terminal of a sandbox of your own',
      )
    }
    const node = await this.sandboxes.authorize(who, 'terminal.open', sandbox)
    const runs = (await node.terminals(sandbox)).some((one) => one.id === terminal && one.exit === null)
    if (!runs) throw notFound('terminal')
    const { prisma, pool } = this.database
    const person = personIn(who)
    const user = await prisma.user.findUnique({ where: { id: person ?? '' }, select: { name: true } })
    await pool.query(put, [id, sandbox, terminal, person, (user?.name ?? who.actor).slice(0, 128)])
    await this.#told(id)
    await audit(prisma, who, 'lesson.show', id, { class: of.name, of: name })
    const shown = (await broadcastsOf(this.database, [id])).get(id)
    if (shown === undefined) throw new ApiError('conflict', 'this lesson has ended; start a new one')
    return shown
  }

  /** Whoever watches is cut off at once. Nothing happens when nothing is shown. */
  async stop(who: Principal, id: string): Promise<void> {
    const { row: of } = await findLesson(this.database, who, 'class.teach', id)
    const { rowCount } = await this.database.pool.query(
      'DELETE FROM lesson_broadcast WHERE "lessonId" = $1',
      [id],
    )
    if (rowCount === 0) return
    await this.#told(id)
    await audit(this.database.prisma, who, 'lesson.unshow', id, { class: of.name })
  }

  /** Other servers are told by the database, and this one need not wait for that. */
  async #told(id: string): Promise<void> {
    await Promise.all([tell(this.database.pool, { type: 'lesson', id }), this.watch.check()])
  }
}

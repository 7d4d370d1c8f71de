import type { Assignment } from '../../prisma/generated/client.js'
import { type AssignmentState, type ChangeAssignment, examBounds } from '../../protocol/api/index.js'
import { readTime, type StoredTime } from '../classes/wall-clock.js'
import { ApiError } from '../errors.js'

type Row = Pick<
  Assignment,
  'opensAt' | 'opensLocal' | 'dueAt' | 'dueLocal' | 'latePercent' | 'lateUntil' | 'lateLocal'
>
/** The columns of times. */
export type TimeColumns = { -readonly [Name in keyof Row]?: Row[Name] }

/** When an assignment opens and ends, for all or for one student. */
export interface Times {
  readonly opens: StoredTime | null
  readonly due: StoredTime | null
  readonly late: { readonly until: StoredTime | null; readonly percentPerDay: number } | null
  readonly extended: boolean
}

/** @param more the due time of one student. It counts when it is later than that of the others */
export function timesOf(row: Row, more?: { dueAt: Date; dueLocal: string | null }): Times {
  const opens = stored(row.opensAt, row.opensLocal)
  const common = stored(row.dueAt, row.dueLocal)
  const own = more === undefined ? null : stored(more.dueAt, more.dueLocal)
  const extended = common !== null && own !== null && own.at > common.at
  const due = extended ? own : common
  const until = stored(row.lateUntil, row.lateLocal)
  const late =
    row.latePercent === null
      ? null
      : {
          // More time than that for what is late is time for what is late as well.
          until: until !== null && due !== null && due.at > until.at ? due : until,
          percentPerDay: row.latePercent,
        }
  return { opens, due, late, extended }
}

export function stateOf(published: boolean, { opens, due, late }: Times, now = new Date()): AssignmentState {
  if (!published) return 'draft'
  if (opens !== null && now < opens.at) return 'scheduled'
  if (due === null || now <= due.at) return 'open'
  if (late !== null && (late.until === null || now <= late.until.at)) return 'late'
  return 'closed'
}

const stored = (at: Date | null, local: string | null): StoredTime | null =>
  at === null ? null : { at, local }

/** What a request says of times, as columns. What it does not name is left out. */
export function timeColumns(
  wanted: Pick<ChangeAssignment, 'opensAt' | 'dueAt' | 'late'>,
  timeZone: string,
): TimeColumns {
  const columns: TimeColumns = {}
  const { opensAt, dueAt, late } = wanted
  if (opensAt !== undefined) {
    const read = opensAt === null ? null : readTime(opensAt, timeZone, 'opens')
    columns.opensAt = read?.at ?? null
    columns.opensLocal = read?.local ?? null
  }
  if (dueAt !== undefined) {
    const read = dueAt === null ? null : readTime(dueAt, timeZone, 'ends')
    columns.dueAt = read?.at ?? null
    columns.dueLocal = read?.local ?? null
  }
  if (late !== undefined) {
    const until = late?.until ?? null
    const read = until === null ? null : readTime(until, timeZone, 'ends')
    columns.latePercent = late?.percentPerDay ?? null
    columns.lateUntil = read?.at ?? null
    columns.lateLocal = read?.local ?? null
  }
  return columns
}

const wrong = (path: string, why: string) => new ApiError('invalid_request', `${path}: ${why}`)

/** @throws ApiError `invalid_request` unless it opens, is due and ends in this order, and an exam has a window */
export function assertOrder(columns: TimeColumns & { readonly exam?: unknown }): void {
  const { opensAt, dueAt, latePercent, lateUntil } = columns
  if (columns.exam !== null && columns.exam !== undefined) assertWindow(columns)
  if (dueAt && opensAt && dueAt <= opensAt) throw wrong('dueAt', 'must be later than opensAt')
  if (latePercent === null || latePercent === undefined) return
  if (!dueAt) throw wrong('late', 'needs a dueAt: what is never due is never late')
  if (lateUntil && lateUntil <= dueAt) throw wrong('late.until', 'must be later than dueAt')
}

/** While an exam goes on everything else of its students is closed: it is not long, and nothing is taken after it. */
function assertWindow({ opensAt, dueAt, latePercent }: TimeColumns): void {
  if (!opensAt) throw wrong('opensAt', 'an exam has a time at which it opens')
  if (!dueAt) throw wrong('dueAt', 'an exam has a time at which it ends')
  if (latePercent !== null && latePercent !== undefined) {
    throw wrong('late', 'nothing is taken after an exam; give single students more time instead')
  }
  assertExamLength(opensAt, dueAt)
}

/** @throws ApiError `invalid_request` */
export function assertExamLength(opensAt: Date, dueAt: Date): void {
  const { maxHours } = examBounds
  if (dueAt.getTime() - opensAt.getTime() <= maxHours * 3_600_000) return
  throw wrong('dueAt', `an exam ends at most ${maxHours} hours after it opens`)
}

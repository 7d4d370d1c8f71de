import type pg from 'pg'
import { type ApiError, forbidden, notFound } from '../errors.js'
import type { Limited } from './key-limits.js'

/** An exam of somebody: of a class that they are a student of, or one that they have started. */
export interface Exam {
  readonly assignmentId: string
  readonly tenantId: string
  /** As `Date.now()` says; the end is their own. */
  readonly opensAt: number
  readonly endsAt: number
  /** It is published, and its class is not archived. */
  readonly live: boolean
  readonly started: boolean
}

/** The exams of a person. `AccessWatch` keeps them as they are in the database for as long as something is open. */
export interface ExamsOf {
  /** Null: of nobody, as for a program of the installation. */
  readonly of: string | null
  all: readonly Exam[]
}

export const noExams = (): ExamsOf => ({ of: null, all: [] })

type Row = Pick<Exam, 'assignmentId' | 'tenantId' | 'live' | 'started'> & {
  userId: string
  opensMs: number
  endsMs: number
}

/** Of each of these people. Times are told from now, by the clock of the database, which all servers share. */
export async function examsOf(
  pool: pg.Pool,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Exam[]>> {
  const { rows } = await pool.query<Row>({
    ...{ name: 'exams-of', text: 'SELECT * FROM exams_of($1)', values: [userIds] },
  })
  const now = Date.now()
  const found = new Map<string, Exam[]>()
  for (const { userId, assignmentId, tenantId, opensMs, endsMs, live, started } of rows) {
    const exam = { assignmentId, tenantId, opensAt: now + opensMs, endsAt: now + endsMs, live, started }
    found.set(userId, [...(found.get(userId) ?? []), exam])
  }
  return found
}

/** What decides about somebody's exams. */
export interface Examined {
  readonly tenantId: string
  readonly sight: { readonly exams: ExamsOf }
}

/**
 * The exams that somebody writes at this moment: while one goes on, nothing but its work is there for them. In other tenants than its
 * own an exam counts once they have started it: no teacher closes what is another tenant's.
 */
export function examsNow({ tenantId, sight }: Examined, now = Date.now()): readonly Exam[] {
  const { all } = sight.exams
  if (all.length === 0) return all
  return all.filter(
    (one) => one.live && one.opensAt <= now && now < one.endsAt && (one.tenantId === tenantId || one.started),
  )
}

export const isInExam = (who: Examined): boolean => examsNow(who).length > 0

/** Exams whose work is closed for whoever has written it: they are over for them. */
export const examsOver = ({ sight }: Pick<Examined, 'sight'>, now = Date.now()): readonly Exam[] =>
  sight.exams.all.filter(({ live, opensAt, endsAt }) => !live || now < opensAt || endsAt <= now)

/** Whether exams leave the work of somebody for an assignment, or for none, open to them. */
export function examsAdmit(who: Examined, assignmentId: string | null | undefined): boolean {
  if (who.sight.exams.all.length === 0) return true
  const bound = examsNow(who)
  if (bound.length > 0) return bound.some((one) => one.assignmentId === assignmentId)
  return !examsOver(who).some((one) => one.assignmentId === assignmentId)
}

/** The next moment at which an exam of somebody begins or ends; undefined when none is known. */
export function nextBoundary({ sight }: Pick<Examined, 'sight'>, now = Date.now()): number | undefined {
  const times = sight.exams.all.flatMap(({ opensAt, endsAt }) => [opensAt, endsAt]).filter((at) => at > now)
  return times.length === 0 ? undefined : Math.min(...times)
}

export const closedByExam = () =>
  forbidden('you are writing an exam: until it is over, nothing but its workspace is open')

/**
 * Asked of an assignment, and of what was handed in for one.
 * @throws ApiError `forbidden` for another one than that of the exam which the caller writes
 */
export function assertExamsAdmit(who: Examined, assignmentId: string): void {
  const bound = examsNow(who)
  if (bound.length > 0 && !bound.some((one) => one.assignmentId === assignmentId)) throw closedByExam()
}

/** What is said of something that is not there for somebody: the same for what does not exist. */
export function notThere(who: Examined & Pick<Limited, 'keyLimits'>, what: string): ApiError {
  if (isInExam(who)) return closedByExam()
  return notFound(who.keyLimits?.ownOnly ? `${what} that this API key made (ownOnly)` : what)
}

import { type ErrorCode, type Limits, type StudentQuotaPart, statusOf } from '../protocol/api/index.js'

/** Everything that the API refuses. `http/problem.ts` turns it into an answer; other errors are bugs and become 500. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Seconds after which asking again makes sense. */
    readonly retryAfterSeconds?: number,
    /** Id of what is in the way, for `conflict`. */
    readonly existingId?: string,
    /** Of the file as it is, for `range_not_satisfiable` and `offset_mismatch`. */
    readonly sizeBytes?: number,
    /** How many would be deleted as well, for `conflict`. */
    readonly submissions?: number,
  ) {
    super(message)
  }

  get status(): number {
    return statusOf[this.code]
  }
}

/** One answer for what does not exist and for what belongs to somebody else. */
export const notFound = (what: string) => new ApiError('not_found', `${what} not found`)

export const forbidden = (message: string) => new ApiError('forbidden', message)

/** @param part the name of what would be too much, such as `memoryMiB` */
export function quotaExceeded(part: keyof Limits | 'sandboxes', wanted: number, left: number): ApiError {
  const have = part === 'sandboxes' ? `${left} sandboxes` : `${round(left)} of ${part}`
  return new ApiError(
    'quota_exceeded',
    `the tenant's quota has ${have} left and this requests ${round(wanted)}; delete a sandbox or request less`,
  )
}

const studentParts: Readonly<Record<StudentQuotaPart, string>> = {
  ...{
    sandboxes: 'sandboxes',
    awake: 'sandboxes that are not stopped',
    cpus: 'processors',
    memoryMiB: 'MiB of memory',
  },
  ...{ diskMiB: 'MiB of disk', pids: 'processes', snapshots: 'snapshots', runs: 'runs at once' },
  ...{ queuedRuns: 'runs that wait', runStorageMiB: 'MiB for requests and results of runs' },
}

/** What one student may have is short, whatever the tenant has left. */
export function studentQuotaExceeded(part: StudentQuotaPart, most: number, left: number, wanted: number) {
  return new ApiError(
    'quota_exceeded',
    `one student may have ${round(most)} ${studentParts[part]}, of which ${round(left)} are left, and this requests ` +
      `${round(wanted)}; this is the bound of each student, not of the tenant. Stop or delete something of this student's ` +
      'first; teachers of their class, and owners of the tenant, can change the bound',
  )
}

/** What students have handed in is not deleted by the way. */
export const submissionsInTheWay = (count: number, what: string) =>
  new ApiError(
    'conflict',
    `students have handed in ${count} submissions, which would be deleted with ${what}; export what you need, and delete again with submissions=delete`,
    undefined,
    undefined,
    undefined,
    count,
  )

const round = (value: number) => Math.round(value * 100) / 100

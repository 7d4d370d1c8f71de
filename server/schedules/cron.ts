import { Cron } from 'croner'
import { scheduleBounds } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

/** As many as a day can have at the shortest distance that is allowed, and the first one of the day after. */
const lookedAt = (24 * 60) / scheduleBounds.minutesMin + 1
const shortestMs = scheduleBounds.minutesMin * 60_000

/** When something is due: a cron expression of five fields, by the clocks of a time zone. */
export interface When {
  readonly cron: string
  readonly timeZone: string
}

/**
 * The first time after `after`. A time of day that a day does not have, because clocks are put forward, comes as soon as they are;
 * one that it has twice comes the first time, and with several hours in the expression both times.
 * @returns null when there is none any more
 */
export function nextRun(when: When, after: Date): Date | null {
  return parse(when).nextRun(after)
}

/** @throws ApiError `invalid_request` that says what is wrong with the expression */
export function assertWhen(when: When, now = new Date()): void {
  const times = read(when, now)
  if (times.length === 0) refuse('never comes, such as the 30th of February')
  const tooSoon = times.some((time, at) => {
    const before = times[at - 1]
    return before !== undefined && time.getTime() - before.getTime() < shortestMs
  })
  if (tooSoon) refuse(`comes more often than every ${scheduleBounds.minutesMin} minutes`)
}

function read(when: When, now: Date): Date[] {
  try {
    return parse(when).nextRuns(lookedAt, now)
  } catch (error) {
    return refuse(error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'is not understood')
  }
}

const parse = ({ cron, timeZone }: When) =>
  new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true })

function refuse(why: string): never {
  throw new ApiError('invalid_request', `cron: the expression ${why}`)
}

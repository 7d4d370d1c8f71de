import { expect } from 'vitest'
import { staffKept, staffOwn, staffTheirs } from '../rules.js'
import { must, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

const schedule = ({ scheduleId }: Victim): Call => ({ path: { id: scheduleId } })
const wanted = ({ sandboxId }: Victim) => ({ action: 'wake', sandbox: sandboxId, cron: '@yearly' })
const newSchedule = async ({ callers, victim }: World) =>
  String((await must(callers.owner, 'POST', '/api/v1/schedules', wanted(victim))).id)
const ofNew = async (world: World): Promise<Call> => ({ path: { id: await newSchedule(world) } })

/** What is done at times of day. */
export const scheduleRows: Readonly<Record<string, Row>> = {
  createSchedule: { rule: staffKept, call: (victim) => ({ body: wanted(victim) }) },
  listSchedules: { rule: staffOwn, call: ({ sandboxId }) => ({ query: { sandbox: sandboxId } }) },
  getSchedule: { rule: staffTheirs, call: schedule },
  changeSchedule: {
    rule: staffTheirs,
    call: (victim) => ({ ...schedule(victim), body: { cron: '@monthly' } }),
  },
  runSchedule: {
    rule: staffTheirs,
    call: (victim) => ({ ...schedule(victim), body: {} }),
    fresh: ofNew,
    waits: true,
    done: async ({ database }) => {
      const due = `SELECT FROM schedule WHERE "leaseUntil" IS NOT NULL OR "nextAt" <= now() AT TIME ZONE 'UTC'`
      await expect.poll(async () => (await database.query(due)).rowCount, { timeout: 30_000 }).toBe(0)
    },
  },
  removeSchedule: { rule: staffTheirs, call: schedule, fresh: ofNew },
}

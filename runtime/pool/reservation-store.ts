import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { poolSchedule, scheduleName, warmRequest } from '../../protocol/api/index.js'
import { setFileAside } from '../linux/overwrite.js'
import type { StoredReservations } from './reservations.js'

const kept = z.object({
  schedules: z.array(z.tuple([scheduleName, poolSchedule])),
  warm: z.array(z.tuple([z.string(), warmRequest.extend({ from: z.number(), until: z.number() })])),
})

/** Reads what `saveKept` wrote. A file that cannot be read is put aside, and `warn` hears why and under which name. */
export function readReservations(
  file: string,
  warn: (error: unknown, aside: string) => void,
): StoredReservations {
  if (!existsSync(file)) return { schedules: new Map(), warm: new Map() }
  try {
    const { schedules, warm } = kept.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { schedules: new Map(schedules), warm: new Map(warm) }
  } catch (error) {
    warn(error, setFileAside(file))
    return { schedules: new Map(), warm: new Map() }
  }
}

/** A crash leaves the old file or the new one, never half of one. */
export function saveReservations(file: string, { schedules, warm }: StoredReservations): void {
  writeFileSync(`${file}.new`, JSON.stringify({ schedules: [...schedules], warm: [...warm] }), {
    mode: 0o600,
  })
  renameSync(`${file}.new`, file)
}

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  isolation,
  sandboxId,
  snapshotId,
  storedLimits,
  templateName,
  tenantId,
} from '../../protocol/api/index.js'
import { imageSettings } from '../container/image-settings.js'
import { overwriteJson } from '../linux/overwrite.js'

/** Grows when a record no longer means what an earlier version would take it to mean. */
const recordVersion = 1

/** What is written down of a snapshot, apart from its disk. What was written once must be readable for ever. */
const snapshotRecord = z.object({
  version: z.literal(recordVersion),
  id: snapshotId,
  tenantId,
  sandboxId,
  template: templateName,
  layers: z.array(z.string()),
  /** As of the sandbox. */
  image: imageSettings.nullable().default(null),
  system: z.boolean().default(false),
  isolation,
  limits: storedLimits,
  createdAt: z.iso.datetime(),
})
export type SnapshotRecord = z.infer<typeof snapshotRecord>

export const freshRecord = (of: Omit<SnapshotRecord, 'version' | 'createdAt'>): SnapshotRecord => ({
  ...{ version: recordVersion, createdAt: new Date().toISOString() },
  ...of,
})

/** Records of snapshots: a file `<id>.json` each. */
export class SnapshotRecords {
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Every record; `problem` hears of what cannot be read, which is left as it is. */
  readAll(problem: (file: string, error: unknown) => void): Map<string, SnapshotRecord> {
    const found = new Map<string, SnapshotRecord>()
    for (const file of readdirSync(this.directory)) {
      if (file.endsWith('.new')) continue // an unfinished write beside what it was to replace
      try {
        const record = snapshotRecord.parse(JSON.parse(readFileSync(join(this.directory, file), 'utf8')))
        if (file !== `${record.id}.json`) throw new Error(`it is the record of ${record.id}`)
        found.set(record.id, record)
      } catch (error) {
        problem(file, error)
      }
    }
    return found
  }

  write(record: SnapshotRecord): void {
    overwriteJson(this.#file(record.id), record)
  }

  remove(id: string): void {
    rmSync(this.#file(id), { force: true })
  }

  #file(id: string): string {
    return join(this.directory, `${id}.json`)
  }
}

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  environment,
  isolation,
  limits,
  networkPolicy,
  poolPurpose,
  sandboxId,
  sandboxState,
  templateName,
  tenantId,
} from '../../protocol/index.js'
import { overwriteJson } from '../linux/overwrite.js'

/** What a sandbox has used in earlier runs, before its last stop. */
export const counted = z.object({
  cpuSeconds: z.number(),
  cpuThrottledSeconds: z.number(),
  memoryPeakBytes: z.number(),
  oomKills: z.number(),
  diskReadBytes: z.number(),
  diskWriteBytes: z.number(),
  networkRxBytes: z.number(),
  networkTxBytes: z.number(),
})
export type Counted = z.infer<typeof counted>

export const nothingCounted: Counted = {
  ...{ cpuSeconds: 0, cpuThrottledSeconds: 0, memoryPeakBytes: 0, oomKills: 0 },
  ...{ diskReadBytes: 0, diskWriteBytes: 0, networkRxBytes: 0, networkTxBytes: 0 },
}

/**
 * What the runtime must know of a container to find it again after it was killed itself. `id` is the
 * container's own name; `sandboxId` and `tenantId` are null while it waits in the pool.
 */
export const record = z.object({
  id: z.string().regex(/^b[0-9]+$/),
  /** Place in the instance's ranges of uids, addresses and interface names. */
  index: z.int(),
  sandboxId: sandboxId.nullable(),
  tenantId: tenantId.nullable(),
  /** One that is for a run is nobody's sandbox, and never will be. */
  purpose: poolPurpose.default('sandbox'),
  template: templateName,
  layers: z.array(z.string()),
  state: sandboxState,
  failure: z.string().nullable(),
  limits,
  network: networkPolicy,
  isolation,
  env: environment,
  hostname: z.string(),
  warm: z.boolean(),
  cgroup: z.string(),
  volumeId: z.number(),
  counted: counted.default(nothingCounted),
  /** The first process, as the host sees it, and when it began; null when none runs. */
  init: z.object({ pid: z.number(), startTime: z.number() }).nullable(),
  createdAt: z.iso.datetime(),
})
export type Record = z.infer<typeof record>

/** The record of a sandbox that is about to be made at `index`. */
export function freshRecord(
  index: number,
  of: Pick<
    Record,
    | 'sandboxId'
    | 'tenantId'
    | 'purpose'
    | 'template'
    | 'layers'
    | 'limits'
    | 'network'
    | 'isolation'
    | 'env'
    | 'hostname'
    | 'cgroup'
  >,
): Record {
  return {
    ...{ id: `b${index}`, index, state: 'creating', failure: null, warm: false },
    ...{ volumeId: 0, counted: nothingCounted, init: null, createdAt: new Date().toISOString() },
    ...of,
  }
}

/** Writes the record; a crash leaves the old one or the new one. */
export function saveRecord(directory: string, value: Record): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  overwriteJson(join(directory, 'record.json'), value)
}

/** Every record below `root`; a directory whose record cannot be read is removed, for nobody can use it. */
export function readRecords(root: string, warn: (directory: string, error: unknown) => void): Record[] {
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const found: Record[] = []
  for (const name of readdirSync(root)) {
    const directory = join(root, name)
    try {
      found.push(record.parse(JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8'))))
    } catch (error) {
      warn(directory, error)
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return found
}

import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  environment,
  isolation,
  limits,
  networkPolicy,
  sandboxId,
  sandboxState,
  templateName,
  tenantId,
} from '../../protocol/index.js'

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

/** One page: the kernel takes it in one piece. */
const pageBytes = 4096

/**
 * Writes the record so that a crash leaves the old one or the new one, never half of one. One that fits a page,
 * as nearly all do, is written over the old one in a single call: to replace a file by renaming another makes
 * ext4 write it out at once, and a claim waits for the disk then.
 */
export function saveRecord(directory: string, value: Record): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'record.json')
  const text = Buffer.from(JSON.stringify(value))
  const page = text.length > pageBytes ? text : Buffer.concat([text], pageBytes).fill(' ', text.length)
  if (page.length === pageBytes && statSync(file, { throwIfNoEntry: false })?.size === pageBytes) {
    const fd = openSync(file, 'r+')
    try {
      writeSync(fd, page, 0, pageBytes, 0)
    } finally {
      closeSync(fd)
    }
    return
  }
  writeFileSync(`${file}.new`, page)
  renameSync(`${file}.new`, file)
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

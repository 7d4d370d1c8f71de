import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import {
  isolation,
  poolPurpose,
  sandboxId,
  storedLimits,
  storedVolumeMount,
  templateName,
  tenantId,
} from '../../protocol/api/index.js'
import { storedNetwork } from '../../protocol/api/stored-network.js'
import { nodeSandboxState } from '../../protocol/node/index.js'
import { imageSettings } from '../container/image-settings.js'
import { overwriteJson } from '../linux/overwrite.js'
import { serviceRecord } from './service-record.js'

/**
 * Grows when a record no longer means what an earlier version would take it to mean. A field that earlier versions may
 * ignore is no reason: unknown fields are kept as they are.
 */
const recordVersion = 1

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
 *
 * This is not the API's schema: what was written once must be readable for ever, so there are no bounds here, and what
 * other versions add is no error.
 */
export const record = z.object({
  /** Records from before there were versions have none. */
  version: z.int().default(recordVersion),
  id: z.string().regex(/^b[0-9]+$/),
  /** Place in the instance's ranges of uids, addresses and interface names. */
  index: z.int(),
  sandboxId: sandboxId.nullable(),
  tenantId: tenantId.nullable(),
  /** One that is for a run is nobody's sandbox, and never will be. */
  purpose: poolPurpose.default('sandbox'),
  template: templateName,
  layers: z.array(z.string()),
  state: nodeSandboxState,
  /** Its removal has begun, and is finished by whoever finds it. */
  removing: z.boolean().default(false),
  failure: z.string().nullable().default(null),
  limits: storedLimits,
  network: storedNetwork,
  isolation,
  env: z.record(z.string(), z.string()).default({}),
  /** How the programs of its image run; null for a template from a recipe. */
  image: imageSettings.nullable().default(null),
  /** A small machine, whose first process is its own systemd. */
  system: z.boolean().default(false),
  hostname: z.string().default('sandbox'),
  volumes: z.array(storedVolumeMount).default([]),
  /** The program that it is for. */
  service: serviceRecord.nullable().default(null),
  /** The stack whose other members it reaches, by their names. */
  stack: z
    .object({ id: z.string(), networks: z.array(z.string()), names: z.array(z.string()) })
    .nullable()
    .default(null),
  warm: z.boolean().default(false),
  cgroup: z.string(),
  volumeId: z.number().default(0),
  /** While its disk is being replaced: what the record says when the new one is in its place. */
  rollback: z
    .object({
      template: templateName,
      layers: z.array(z.string()),
      image: imageSettings.nullable().default(null),
      system: z.boolean().default(false),
    })
    .nullable()
    .default(null),
  counted: counted.catch(nothingCounted).default(nothingCounted),
  /** The first process, as the host sees it, and when it began; null when none runs. */
  init: z.object({ pid: z.number(), startTime: z.number() }).nullable().default(null),
  createdAt: z.iso.datetime().catch(() => new Date().toISOString()),
  /** Fields of other versions, which are written back as they were. */
  unknown: z
    .object({ record: z.record(z.string(), z.unknown()), limits: z.record(z.string(), z.unknown()) })
    .optional(),
})
export type SandboxRecord = z.infer<typeof record>

/** The record of a sandbox that is about to be made at `index`. */
export function freshRecord(
  index: number,
  of: Pick<
    SandboxRecord,
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
  > &
    Partial<Pick<SandboxRecord, 'image' | 'system' | 'volumes' | 'service' | 'stack'>>,
): SandboxRecord {
  return {
    ...{ version: recordVersion, id: `b${index}`, index, state: 'creating', removing: false },
    ...{
      image: null,
      system: false,
      volumes: [],
      service: null,
      stack: null,
      failure: null,
      warm: false,
      volumeId: 0,
      rollback: null,
      counted: nothingCounted,
      init: null,
    },
    createdAt: new Date().toISOString(),
    ...of,
  }
}

/** Why a record cannot be used, in words for an operator. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord'

  constructor(
    readonly kind: 'unreadable_record' | 'newer_record' | 'missing_record',
    message: string,
  ) {
    super(message)
  }
}

/** @throws UnreadableRecord */
export function parseRecord(text: string): SandboxRecord {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    throw new UnreadableRecord(
      'unreadable_record',
      text === '' ? 'its record is empty' : 'its record is no JSON',
    )
  }
  const version = z.object({ version: z.number() }).safeParse(raw).data?.version ?? recordVersion
  if (version > recordVersion) {
    throw new UnreadableRecord(
      'newer_record',
      `its record has version ${version}, and this version of Cloche knows version ${recordVersion}`,
    )
  }
  const parsed = record.safeParse(raw)
  if (!parsed.success) {
    const what = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'all'}: ${message}`)
    throw new UnreadableRecord('unreadable_record', `its record is not right: ${what.join('; ')}`)
  }
  const { unknown: _, ...known } = parsed.data
  const unknown = { record: beside(raw, record.shape), limits: beside(limitsOf(raw), storedLimits.shape) }
  const none = Object.keys(unknown.record).length + Object.keys(unknown.limits).length === 0
  return none ? known : { ...known, unknown }
}

/** @throws UnreadableRecord */
export function readRecord(directory: string): SandboxRecord {
  let text: string
  try {
    text = readFileSync(join(directory, 'record.json'), 'utf8')
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (gone) throw new UnreadableRecord('missing_record', 'it has no record')
    throw new UnreadableRecord('unreadable_record', `its record cannot be read: ${codeOf(error)}`)
  }
  return parseRecord(text)
}

/** As it is written, with the fields of other versions. */
export function asStored({ unknown, ...known }: SandboxRecord): object {
  return { ...unknown?.record, ...known, limits: { ...unknown?.limits, ...known.limits } }
}

/** Writes the record; a crash leaves the old one or the new one. */
export function saveRecord(directory: string, value: SandboxRecord): void {
  const text = asStored(value)
  if (statSync(directory, { throwIfNoEntry: false }) !== undefined) {
    overwriteJson(join(directory, 'record.json'), text)
    return
  }
  // A directory without a record would be a riddle for the next start, so it never is there without one.
  const half = halfOf(directory)
  rmSync(half, { recursive: true, force: true })
  mkdirSync(half, { recursive: true, mode: 0o700 })
  writeFileSync(join(half, 'record.json'), JSON.stringify(text), { mode: 0o600 })
  renameSync(half, directory)
}

/** Resolves when a record that is new, or has got an owner, would be found after a crash of the host. */
export async function syncRecord(directory: string): Promise<void> {
  for (const path of [join(directory, 'record.json'), directory, dirname(directory)]) {
    await using file = await open(path, 'r')
    await file.sync()
  }
}

/** Removes the record, at once or not at all. */
export function removeRecord(directory: string): void {
  const half = halfOf(directory)
  rmSync(half, { recursive: true, force: true })
  if (statSync(directory, { throwIfNoEntry: false }) !== undefined) renameSync(directory, half)
  rmSync(half, { recursive: true, force: true })
}

/** A directory of a record that is being made or removed: nothing but a record can be in it. */
const halfOf = (directory: string) => join(dirname(directory), `.${basename(directory)}`)

/** What lies below a directory of records. */
export interface FoundRecords {
  readonly records: SandboxRecord[]
  readonly unreadable: readonly { readonly name: string; readonly why: UnreadableRecord }[]
  /** Names of what is no sandbox's. */
  readonly foreign: readonly string[]
}

/** Every record below `root`. What cannot be read is told and left as it is. */
export function readRecords(root: string): FoundRecords {
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const records: SandboxRecord[] = []
  const unreadable: { name: string; why: UnreadableRecord }[] = []
  const foreign: string[] = []
  for (const name of readdirSync(root).toSorted()) {
    const directory = join(root, name)
    if (/^\.b[0-9]+$/.test(name)) rmSync(directory, { recursive: true, force: true })
    else if (!/^b[0-9]+$/.test(name)) foreign.push(name)
    else {
      try {
        const found = readRecord(directory)
        if (found.id !== name || found.id !== `b${found.index}`) {
          throw new UnreadableRecord(
            'unreadable_record',
            `its record is that of ${found.id}, at place ${found.index}`,
          )
        }
        records.push(found)
      } catch (error) {
        if (!(error instanceof UnreadableRecord)) throw error
        unreadable.push({ name, why: error })
      }
    }
  }
  return { records, unreadable, foreign }
}

const object = z.record(z.string(), z.unknown())
const limitsOf = (raw: unknown) => z.object({ limits: object }).safeParse(raw).data?.limits

/** The fields that a schema does not know. */
function beside(raw: unknown, known: object): { [name: string]: unknown } {
  const fields = Object.entries(object.safeParse(raw).data ?? {})
  return Object.fromEntries(fields.filter(([name]) => !(name in known)))
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : 'it is no file'

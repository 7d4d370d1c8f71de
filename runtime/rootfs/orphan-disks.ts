import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Logger } from '../../common/log.js'
import type { OrphanDisk, QuarantineCause } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { qgroupOf, volumeId } from './volume.js'

interface Found {
  readonly cause: QuarantineCause
  readonly reason: string
  readonly problem: string
}

/** What is told of a disk by what is left of it. */
export type Told = Pick<OrphanDisk, 'tenantId' | 'template' | 'createdAt'>
export const nothingTold: Told = { tenantId: null, template: null, createdAt: null }

const kinds = { vl: 'volume', vs: 'volume_snapshot', sn: 'snapshot' } as const
const kindOf = (id: string) => (id.startsWith('vl_') ? kinds.vl : id.startsWith('vs_') ? kinds.vs : kinds.sn)

/**
 * Disks of one kind whose record is missing or cannot be read, as the start of the runtime found them. They and what there is of
 * their records stay where they are until an operator says whose they are, or that they can go.
 */
export class OrphanDisks {
  readonly #found = new Map<string, Found>()

  /** @param directory of the disks, below the sandboxes' disk */
  constructor(
    private readonly node: { readonly disk: string; readonly problems: Set<string>; readonly log: Logger },
    private readonly directory: 'volumes' | 'snapshots',
  ) {}

  /** @param record the file that cannot be read; undefined when there is none */
  add(id: string, record?: { readonly path: string; readonly version: number }): void {
    const cause = record === undefined ? 'missing_record' : causeOf(record)
    const reason = reasons[cause]
    const what = kindOf(id).replace('_', ' ')
    const problem = `${reason} of the ${what} ${id}; it was left as it is, and is listed in the quarantine`
    this.#found.set(id, { cause, reason, problem })
    this.node.problems.add(problem)
    this.node.log.error({ id, reason }, 'a disk has no record that can be read and is left as it is')
  }

  has(id: string): boolean {
    return this.#found.has(id)
  }

  /** @throws RuntimeRefusal `conflict`: nothing is made in its place */
  assertFree(id: string): void {
    if (this.#found.has(id)) throw new RuntimeRefusal('conflict', `${id} is in quarantine`)
  }

  /** @throws RuntimeRefusal `not_found` */
  assertKnown(id: string): void {
    if (this.#found.has(id)) return
    throw new RuntimeRefusal('not_found', `there is nothing in quarantine with the id ${id}`)
  }

  list(told: (id: string) => Told): OrphanDisk[] {
    return [...this.#found].map(([id, { cause, reason }]) => ({
      ...{ id, kind: kindOf(id), cause, reason, diskBytes: this.#bytesOf(id) },
      ...told(id),
    }))
  }

  /** It has a record again, or is gone. */
  settle(id: string): void {
    const found = this.#found.get(id)
    if (found === undefined) return
    this.node.problems.delete(found.problem)
    this.#found.delete(id)
  }

  #bytesOf(id: string): number | null {
    const path = join(this.node.disk, this.directory, id)
    if (!existsSync(path)) return null
    try {
      return Number(readFileSync(join(qgroupOf(this.node.disk, volumeId(path)), 'referenced'), 'utf8'))
    } catch {
      return 0 // how much is on a disk is worth knowing, and no reason to show nothing
    }
  }
}

const reasons = {
  missing_record: 'there is no record',
  newer_record: 'a newer version of Cloche wrote the record',
  unreadable_record: 'nobody can read the record',
} as const

function causeOf({ path, version }: { readonly path: string; readonly version: number }) {
  try {
    const raw: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const said = z.object({ version: z.number() }).safeParse(raw).data?.version
    return said !== undefined && said > version ? 'newer_record' : 'unreadable_record'
  } catch {
    return 'unreadable_record'
  }
}

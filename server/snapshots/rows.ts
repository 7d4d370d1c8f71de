import { z } from 'zod'
import type { Snapshot as Row } from '../../prisma/generated/client.js'
import { isolation, type Snapshot, storedLimits } from '../../protocol/api/index.js'
import { presentOwner } from '../auth/copies.js'
import { ownerIdOf } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, quotaExceeded } from '../errors.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'
import type { Row as SandboxRow } from '../sandboxes/ownership.js'
import { requireRoomOfStudent } from '../tenants/student-quota.js'

/** Of one tenant: each costs every commit of the node's disk a little. */
export const maxSnapshots = 200
const mib = 1024 ** 2

/** A snapshot as people see it. @param exclusiveBytes null while its node does not answer */
export function present(row: Row, exclusiveBytes: number | null): Snapshot {
  const { id, name, sandboxId, sandboxName, parentId, template, createdBy } = row
  return {
    ...{ id, name, sandboxId, sandboxName, parentId, template, createdBy },
    copyOf: presentOwner(row.ownerId).copyOf,
    isolation: isolation.catch('standard').parse(row.isolation),
    limits: storedLimits.parse(row.limits),
    sizeBytes: Number(row.sizeBytes),
    exclusiveBytes,
    createdAt: row.createdAt.toISOString(),
  }
}

/**
 * The row of a snapshot that is about to be taken, with what it will hold at most as its size.
 * @throws ApiError `quota_exceeded`; `conflict` when its name is taken, or there are too many
 */
export async function reserve(
  database: Database,
  who: Principal,
  of: { id: string; name: string; sandbox: SandboxRow; sizeBytes: number; scheduleId: string | null },
): Promise<void> {
  const { id, name, sandbox, sizeBytes, scheduleId } = of
  const { tenantId, ownerId } = sandbox
  await inTransaction(
    database.pool,
    async (client, answers) => {
      const { quota, held } = quotaUsage(answers)
      const wantedMiB = Math.ceil(sizeBytes / mib)
      const leftMiB = Math.max(0, quota.diskMiB - held.diskMiB)
      if (wantedMiB > leftMiB) throw quotaExceeded('diskMiB', wantedMiB, leftMiB)
      // What staff and schedules take of a student's work is not held against the student.
      if (ownerId === ownerIdOf(who)) {
        await requireRoomOfStudent(client, { tenantId, ownerId }, { snapshots: 1, diskMiB: wantedMiB })
      }
      const { rows } = await client.query(
        `SELECT count(*)::INTEGER AS count,
           (SELECT id FROM snapshot WHERE "tenantId" = $1 AND "ownerId" = $2 AND name = $3) AS taken
         FROM snapshot WHERE "tenantId" = $1`,
        [tenantId, ownerId, name],
      )
      const { count, taken } = counted.parse(rows[0])
      if (taken !== null) throw isTaken(name, taken)
      if (count >= maxSnapshots) {
        throw new ApiError('conflict', `a tenant has at most ${maxSnapshots} snapshots; delete some`)
      }
      await client.query(
        `INSERT INTO snapshot (id, "tenantId", name, "sandboxId", "sandboxName", "parentId", "nodeId", template,
           isolation, limits, "sizeBytes", "createdBy", "templateId", "ownerId", "scheduleId", "keyId")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
        [
          ...[id, tenantId, name, sandbox.id, sandbox.name, sandbox.snapshotId, sandbox.nodeId],
          ...[sandbox.template, sandbox.isolation, sandbox.limits, sizeBytes, who.actor, sandbox.templateId],
          ...[ownerId, scheduleId, who.keyId],
        ],
      )
    },
    admission(tenantId, ''),
  )
}

/**
 * One that a schedule took is its tenant's from then on: somebody wants to keep it.
 * @param to `publish`: all staff see it from now on
 * @throws ApiError `conflict` when another snapshot has the name
 */
export async function rename(
  database: Database,
  { id, tenantId, ownerId }: Pick<Row, 'id' | 'tenantId' | 'ownerId'>,
  { name, publish }: { name: string; publish: boolean },
): Promise<void> {
  try {
    await database.pool.query(
      `UPDATE snapshot SET name = $2, "ownerId" = CASE WHEN $3 THEN '' ELSE "ownerId" END, "scheduleId" = NULL WHERE id = $1`,
      [id, name, publish],
    )
  } catch (error) {
    if (!uniqueViolation.safeParse(error).success) throw error
    const other = await database.prisma.snapshot.findFirst({
      where: { tenantId, ownerId: publish ? '' : ownerId, name },
    })
    throw isTaken(name, other?.id)
  }
}

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const uniqueViolation = z.object({ code: z.literal('23505') })

const isTaken = (name: string, id?: string) =>
  new ApiError('conflict', `a snapshot is called ${name} already`, undefined, id)

const counted = z.object({ count: z.number(), taken: z.string().nullable() })

import { type AuditEvent, type AuditQuery, auditEvent } from '../../protocol/api/index.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database, Prisma } from '../database/client.js'

/** A file of more lines opens in no program that people use for it. */
export const csvMax = 50_000
const csvPage = 1000

/** Who changed what in the caller's tenant. */
export class AuditLog {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async page(
    who: Principal,
    { limit, cursor, ...query }: AuditQuery & { limit: number; cursor?: string | undefined },
  ) {
    assertMay(who, 'audit.read')
    const rows = await read(this.database, who.tenantId, query, cursor, limit + 1)
    const items = rows.slice(0, limit)
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** The same as CSV, at most `csvMax` events. */
  async csv(who: Principal, query: AuditQuery): Promise<string> {
    assertMay(who, 'audit.read')
    const events: AuditEvent[] = []
    for (let cursor: string | undefined; events.length < csvMax; ) {
      const rows = await read(this.database, who.tenantId, query, cursor, csvPage)
      events.push(...rows)
      cursor = rows.at(-1)?.id
      if (rows.length < csvPage) break
    }
    return auditCsv(events)
  }
}

async function read(
  { prisma }: Database,
  tenantId: string,
  query: AuditQuery,
  cursor: string | undefined,
  take: number,
): Promise<AuditEvent[]> {
  const { actor, action, target, from, to } = query
  const where: Prisma.AuditEventWhereInput = {
    tenantId,
    ...(/^\d{1,18}$/.test(cursor ?? '') ? { id: { lt: BigInt(cursor ?? '') } } : {}),
    ...(actor === undefined ? {} : { actor: { contains: actor, mode: 'insensitive' } }),
    ...(action === undefined ? {} : { action: action.includes('.') ? action : { startsWith: `${action}.` } }),
    ...(target === undefined ? {} : { target }),
    ...(from === undefined && to === undefined
      ? {}
      : { at: { ...(from ? { gte: new Date(from) } : {}), ...(to ? { lt: new Date(to) } : {}) } }),
  }
  const rows = await prisma.auditEvent.findMany({ where, orderBy: { id: 'desc' }, take })
  const targets = [...new Set(rows.flatMap((row) => row.target ?? []))]
  const of = (prefix: string) => targets.filter((one) => one.startsWith(prefix))
  const [sandboxes, users] = await Promise.all([
    prisma.sandbox.findMany({
      where: { tenantId, id: { in: of('sb_') } },
      select: { id: true, name: true, deletedAt: true },
    }),
    // Of this tenant's people only: an id in a log must not tell the address of somebody who is a stranger by now.
    prisma.user.findMany({
      where: { id: { in: of('us_') }, members: { some: { tenantId } } },
      select: { id: true, email: true },
    }),
  ])
  const names = new Map<string, { name: string; exists: boolean }>([
    ...sandboxes.map((one) => [one.id, { name: one.name, exists: one.deletedAt === null }] as const),
    ...users.map((one) => [one.id, { name: one.email, exists: true }] as const),
  ])
  return rows.map((row) => ({
    ...{ id: row.id.toString(), at: row.at.toISOString(), actor: row.actor, action: row.action },
    ...{ target: row.target, detail: auditEvent.shape.detail.parse(row.detail) },
    targetName: names.get(row.target ?? '')?.name ?? null,
    targetExists: names.get(row.target ?? '')?.exists ?? false,
  }))
}

const columns = ['time', 'actor', 'action', 'target', 'target name', 'detail']

/** One line for each event, every cell quoted. */
export function auditCsv(events: readonly AuditEvent[]): string {
  const rows = events.map(({ at, actor, action, target, targetName, detail }) => [
    ...[at, actor, action, target ?? '', targetName ?? ''],
    Object.keys(detail).length === 0 ? '' : JSON.stringify(detail),
  ])
  return [columns, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

/**
 * Quoted, and harmless: a spreadsheet takes a cell that begins with one of these for a formula, and names in an audit
 * log are chosen by whoever made them (OWASP, CSV injection).
 */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${plain.replaceAll('"', '""')}"`
}

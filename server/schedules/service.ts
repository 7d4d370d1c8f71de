import pg from 'pg'
import { z } from 'zod'
import type { Prisma, Schedule as Row } from '../../prisma/generated/client.js'
import {
  type ChangeSchedule,
  type CreateSchedule,
  newId,
  type RebuildSource,
  type Schedule,
  scheduleBounds,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMayPublish } from '../auth/copies.js'
import { type Action, assertMay, belongsTo, ofTenant, ownRows } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, notFound } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { assertWhen, nextRun } from './cron.js'
import { isTaken, present } from './rows.js'

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly sandbox?: string | undefined
  readonly template?: string | undefined
}

/** What a tenant wants done again and again at times of day. `runner.ts` does it. */
export class ScheduleService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /** @throws ApiError `invalid_request` for a time that never comes or comes too often; `conflict` when the name is taken */
  async create(who: Principal, wanted: CreateSchedule): Promise<Schedule> {
    assertMay(who, 'schedule.create')
    const { action, cron, timeZone, enabled } = wanted
    assertWhen(wanted)
    const id = newId('sc')
    const sandboxId = wanted.action === 'rebuild' ? null : wanted.sandbox
    const ownerId =
      wanted.action === 'rebuild'
        ? await this.#ownerOfSource(who, wanted.from)
        : (await this.sandboxes.row(who, 'schedule.create', wanted.sandbox)).ownerId
    const name = wanted.name ?? `${action} ${id.slice(-6)}`
    const data = {
      ...{ id, tenantId: who.tenantId, name, action, sandboxId, cron, timeZone, enabled },
      ...{ ownerId, userId: who.userId, keyId: who.keyId },
      ...{ createdBy: who.actor, keep: wanted.action === 'snapshot' ? wanted.keep : null },
      ...(wanted.action === 'rebuild' ? { template: wanted.template, source: wanted.from } : {}),
      nextAt: enabled ? nextRun(wanted, new Date()) : null,
    }
    await this.#insert(who, data)
    await audit(this.database.prisma, who, 'schedule.create', id, {
      ...{ name, action, cron, timeZone, of: sandboxId ?? data.template ?? '' },
    })
    return this.get(who, id)
  }

  /** Newest first. @param cursor id of the last one of the page before */
  async list(who: Principal, { limit, cursor, sandbox, template }: Page) {
    assertMay(who, 'schedule.read')
    const { prisma } = this.database
    await requireCursor(cursor, (id) => prisma.schedule.count({ where: { ...ownRows(who), id } }))
    const rows = await prisma.schedule.findMany({
      where: {
        ...ownRows(who),
        ...(sandbox === undefined ? {} : { sandboxId: sandbox }),
        ...(template === undefined ? {} : { template }),
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    })
    const items = rows.slice(0, limit).map(present)
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<Schedule> {
    return present(await this.#row(who, id, 'schedule.read'))
  }

  /** Changes what `wanted` names. One that was due and is changed is due at its next time. @throws ApiError as `create` */
  async change(who: Principal, id: string, wanted: ChangeSchedule): Promise<Schedule> {
    const row = await this.#row(who, id, 'schedule.change')
    if (wanted.keep !== undefined && row.action !== 'snapshot') {
      throw new ApiError('invalid_request', 'keep: only a schedule that takes snapshots keeps some')
    }
    if (wanted.from !== undefined && row.action !== 'rebuild') {
      throw new ApiError(
        'invalid_request',
        'from: only a schedule that rebuilds a template is made of something',
      )
    }
    const { name, cron = row.cron, timeZone = row.timeZone, enabled = row.enabled, keep, from } = wanted
    const when = { cron, timeZone }
    if (wanted.cron !== undefined || wanted.timeZone !== undefined) assertWhen(when)
    const source = from === undefined ? {} : { source: from, ownerId: await this.#ownerOfSource(who, from) }
    const isMoved = cron !== row.cron || timeZone !== row.timeZone || enabled !== row.enabled
    try {
      await this.database.prisma.schedule.update({
        where: { id },
        data: {
          ...{ cron, timeZone, enabled, userId: who.userId, keyId: who.keyId },
          ...source,
          ...(name === undefined ? {} : { name }),
          ...(keep === undefined ? {} : { keep }),
          ...(isMoved ? { nextAt: enabled ? nextRun(when, new Date()) : null, attempt: 0 } : {}),
        },
      })
    } catch (error) {
      throw await this.#explain(error, who, name ?? row.name)
    }
    await audit(this.database.prisma, who, 'schedule.change', id, {
      ...{ name: name ?? row.name, cron, timeZone, enabled },
    })
    return this.get(who, id)
  }

  /** Makes it due now; what comes of it is seen at `last`. @throws ApiError `conflict` while it is not enabled */
  async run(who: Principal, id: string): Promise<Schedule> {
    const row = await this.#row(who, id, 'schedule.change')
    const { count } = await this.database.prisma.schedule.updateMany({
      where: { id, enabled: true },
      data: { nextAt: new Date() },
    })
    if (count === 0)
      throw new ApiError('conflict', `the schedule ${row.name} is not enabled; enable it first`)
    await audit(this.database.prisma, who, 'schedule.run', id, { name: row.name })
    return this.get(who, id)
  }

  /** Deletes one. Snapshots that it took stay. */
  async remove(who: Principal, id: string): Promise<void> {
    const { name } = await this.#row(who, id, 'schedule.delete')
    await this.database.prisma.schedule.deleteMany({ where: { id } })
    await audit(this.database.prisma, who, 'schedule.delete', id, { name })
  }

  async #insert(who: Principal, data: Prisma.ScheduleUncheckedCreateInput): Promise<void> {
    const { tenantId, sandboxId, name } = data
    try {
      await inTransaction(
        this.database.pool,
        async (client) => {
          const { rows } = await client.query(
            'SELECT count(*)::INTEGER AS count FROM schedule WHERE "tenantId" = $1',
            [tenantId],
          )
          if (Number(rows[0]?.count) >= scheduleBounds.schedules) {
            throw new ApiError(
              'conflict',
              `a tenant has at most ${scheduleBounds.schedules} schedules; delete some`,
            )
          }
          // It goes with its sandbox, which may be deleted at this moment.
          if (sandboxId !== null) {
            const there = 'SELECT FROM sandbox WHERE id = $1 AND "deletedAt" IS NULL FOR SHARE'
            if ((await client.query(there, [sandboxId])).rowCount === 0) throw notFound('sandbox')
          }
          const columns = Object.keys(data)
          await client.query(
            `INSERT INTO schedule (${columns.map((column) => pg.escapeIdentifier(column)).join(', ')})
             SELECT ${columns.map((column) => pg.escapeIdentifier(column)).join(', ')}
             FROM jsonb_populate_record(null::schedule, $1)`,
            [JSON.stringify(data)],
          )
        },
        [`SELECT FROM tenant WHERE id = ${pg.escapeLiteral(tenantId)} FOR UPDATE`],
      )
    } catch (error) {
      throw await this.#explain(error, who, name)
    }
  }

  /** What to say of an error while a schedule is inserted or renamed. */
  async #explain(error: unknown, who: Principal, name: string): Promise<unknown> {
    if (!uniqueViolation.safeParse(error).success) return error
    const { tenantId } = who
    const other = await this.database.prisma.schedule.findFirst({ where: { tenantId, name } })
    return isTaken(name, other !== null && belongsTo(who, other) ? other.id : undefined)
  }

  /** Whose the sandbox is that a template is made of. @throws ApiError `not_found` when the caller does not see it, `forbidden` */
  async #ownerOfSource(who: Principal, from: RebuildSource): Promise<string> {
    if (!('sandbox' in from)) return ''
    const { ownerId } = await this.sandboxes.row(who, 'schedule.create', from.sandbox)
    assertMayPublish(who, ownerId, 'a template')
    return ownerId
  }

  async #row(who: Principal, id: string, wanted: Action): Promise<Row> {
    assertMay(who, wanted)
    return ofTenant(who, await this.database.prisma.schedule.findUnique({ where: { id } }), 'schedule')
  }
}

/** As PostgreSQL and as Prisma say it. */
const uniqueViolation = z.object({ code: z.enum(['23505', 'P2002']) })

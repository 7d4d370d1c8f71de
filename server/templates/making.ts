import type { Logger } from 'pino'
import { z } from 'zod'
import { every } from '../../common/timers.js'
import { newId, nodeTemplateName, type Template } from '../../protocol/api/index.js'
import type { NodeTemplate } from '../../protocol/node/index.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, quotaExceeded } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import { type OwnTemplates, presentTemplate } from '../nodes/own-templates.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'

/** Of one tenant. */
export const maxTemplates = 100
/** Of one tenant at the same time. */
export const maxBeingMade = 2
/** While one is being made its row says so; `reconcile.ts` removes what nobody makes any more. */
const touchEveryMs = 30_000
const mib = 1024 ** 2

/** What a node is asked to make. */
export interface Making {
  readonly id: string
  readonly node: ServerNode
  /** What the node is to call it, without telling everybody. */
  readonly nodeName: string
  /** What its layers may have at most. */
  readonly bytesMax: number
}

/** What is to be made. */
export interface WantedTemplate {
  readonly name: string
  readonly source: 'image' | 'build' | 'snapshot'
  readonly node: ServerNode
}

/**
 * Makes templates of tenants. The row is there first, not ready; then the node makes it under a name that follows from the row's id; then the
 * row is ready, and takes the place of one of the same name. What ends in between leaves a row that is removed, and with it
 * whatever the node has of it.
 */
export class TemplateMaking {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly own: OwnTemplates,
    private readonly log: Logger,
  ) {}

  /**
   * @param act has the node make it
   * @throws ApiError `quota_exceeded`; `conflict` when there are too many; whatever `act` throws
   */
  async make(
    who: Principal,
    { name, source, node }: WantedTemplate,
    act: (making: Making) => Promise<NodeTemplate>,
  ): Promise<Template> {
    const id = newId('tp')
    const { tenantId, actor } = who
    const leftBytes = await this.#reserve(tenantId, [id, tenantId, name, node.id, source, actor])
    const touching = every(touchEveryMs, 'saying that a template is being made', this.log, () =>
      this.database.pool.query(
        `UPDATE template SET "touchedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1 AND NOT ready`,
        [id],
      ),
    )
    try {
      const made = await act({ id, node, nodeName: nodeTemplateName(id), bytesMax: leftBytes })
      const replaced = await this.#finish(tenantId, id, name, made)
      for (const one of replaced) {
        const telling = this.nodes.of(one.nodeId).then((other) => this.#tell(one.id, other))
        await telling.catch(() => {}) // `reconcile.ts` does it
      }
    } catch (error) {
      await this.#giveUp(id, node).catch(() => {}) // `reconcile.ts` does it
      throw error
    } finally {
      touching[Symbol.dispose]()
      this.own.forget(tenantId)
    }
    const row = await this.database.prisma.template.findUnique({ where: { id } })
    if (row !== null) return presentTemplate(row)
    throw new ApiError('conflict', `another template ${name} that was made meanwhile has taken its place`)
  }

  /** Removes one; what was made from it stays as it is. Should the node be away, it hears it later. */
  async remove(id: string, node: ServerNode): Promise<void> {
    await this.database.prisma.template.deleteMany({ where: { id } })
    await this.#tell(id, node)
  }

  /** A row that is ready stays, and took the place of another one: only the answer of the database was lost. */
  async #giveUp(id: string, node: ServerNode): Promise<void> {
    const { count } = await this.database.prisma.template.deleteMany({ where: { id, ready: false } })
    if (count === 1) await this.#tell(id, node)
  }

  async #tell(id: string, { runtime, state }: ServerNode): Promise<void> {
    if (state === 'unreachable') return
    await runtime.ask('DELETE', `/templates/${nodeTemplateName(id)}?used=true`, z.unknown()).catch(() => {})
  }

  /** @returns the bytes that it may have */
  #reserve(tenantId: string, values: readonly string[]): Promise<number> {
    return inTransaction(
      this.database.pool,
      async (client, answers) => {
        const { quota, held } = quotaUsage(answers)
        const { rows } = await client.query(
          `SELECT count(*)::INTEGER AS count, count(*) FILTER (WHERE NOT ready)::INTEGER AS making,
             coalesce(sum("sizeBytes") FILTER (WHERE name = $2), 0)::FLOAT8 AS replaced
           FROM template WHERE "tenantId" = $1`,
          [tenantId, values[2]],
        )
        const { count, making, replaced } = counted.parse(rows[0])
        if (count >= maxTemplates) {
          throw new ApiError('conflict', `a tenant has at most ${maxTemplates} templates; delete some`)
        }
        if (making >= maxBeingMade) {
          const message = `${making} templates are being made for this tenant already; try again when one is done`
          throw new ApiError('conflict', message, 10)
        }
        const leftBytes = (quota.diskMiB - held.diskMiB) * mib + replaced
        if (leftBytes <= 0) throw quotaExceeded('diskMiB', 1, 0)
        await client.query(
          `INSERT INTO template (id, "tenantId", name, "nodeId", source, "createdBy") VALUES ($1, $2, $3, $4, $5, $6)`,
          [...values],
        )
        return Math.floor(leftBytes)
      },
      admission(tenantId, ''),
    )
  }

  /** @returns what it has taken the place of */
  #finish(tenantId: string, id: string, name: string, { sizeBytes, ...made }: NodeTemplate) {
    return inTransaction(
      this.database.pool,
      async (client) => {
        const gone = await client.query(
          'DELETE FROM template WHERE "tenantId" = $1 AND name = $2 AND ready AND id <> $3 RETURNING id, "nodeId"',
          [tenantId, name, id],
        )
        const { rowCount } = await client.query(
          `UPDATE template SET ready = true, made = $2, digest = $3, "sizeBytes" = $4 WHERE id = $1 AND NOT ready`,
          [id, made, made.image?.digest ?? null, sizeBytes],
        )
        if (rowCount !== 1) throw new ApiError('conflict', 'making the template took too long; try again', 1)
        const [, usage] = admission(tenantId, '')
        const { quota, held } = quotaUsage([await client.query(usage ?? '')])
        if (held.diskMiB > quota.diskMiB) {
          const neededMiB = Math.ceil(sizeBytes / mib)
          throw quotaExceeded('diskMiB', neededMiB, Math.max(0, quota.diskMiB - held.diskMiB + neededMiB))
        }
        return replacedRows.parse(gone.rows)
      },
      admission(tenantId, ''),
    )
  }
}

const replacedRows = z.array(z.object({ id: z.string(), nodeId: z.string() }))
const counted = z.object({ count: z.number(), making: z.number(), replaced: z.number() })

import { LRUCache } from 'lru-cache'
import type { Template as Row } from '../../prisma/generated/client.js'
import { nodeTemplateName, type Template, template, templateSource } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'

/** Tenants whose templates are remembered. */
const maxTenants = 10_000
/** While nothing is heard of other servers, what they have changed is known after this. */
const freshMs = 5000

/** A template of a tenant that sandboxes can be made from. */
export interface OwnTemplate {
  readonly id: string
  readonly nodeId: string
  /** As people see it. */
  readonly shown: Template
}

/** What tenants have made for themselves, kept in memory: it is asked for with each new sandbox. */
export class OwnTemplates {
  readonly #known = new LRUCache<string, Promise<ReadonlyMap<string, OwnTemplate>>>({
    ...{ max: maxTenants, ttl: freshMs },
  })

  constructor(
    private readonly database: Database,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'templates') this.forget(told.id)
    })
    notices.on('missed', () => this.#known.clear())
  }

  /** @param recent also one that was made a moment ago at another server */
  async find(tenantId: string, name: string, { recent = false } = {}): Promise<OwnTemplate | undefined> {
    if (recent) this.forget(tenantId)
    return (await this.#of(tenantId)).get(name)
  }

  /** By their names. */
  async list(tenantId: string): Promise<Template[]> {
    this.forget(tenantId)
    return [...(await this.#of(tenantId)).values()].map(({ shown }) => shown)
  }

  forget(tenantId: string): void {
    this.#known.delete(tenantId)
  }

  #of(tenantId: string): Promise<ReadonlyMap<string, OwnTemplate>> {
    const known = this.#known.get(tenantId)
    if (known !== undefined) return known
    const read = this.#read(tenantId)
    this.#known.set(tenantId, read)
    read.catch(() => this.#known.delete(tenantId))
    return read
  }

  async #read(tenantId: string): Promise<ReadonlyMap<string, OwnTemplate>> {
    const rows = await this.database.prisma.template.findMany({
      where: { tenantId, ready: true },
      orderBy: { name: 'asc' },
    })
    return new Map(
      rows.map((row) => [row.name, { id: row.id, nodeId: row.nodeId, shown: presentTemplate(row) }]),
    )
  }
}

/** A template of a tenant as its people see it. */
export function presentTemplate(row: Row): Template {
  const { id, createdBy } = row
  const own = {
    ...{ id, createdBy, source: templateSource.parse(row.source), sizeBytes: Number(row.sizeBytes) },
    createdAt: row.createdAt.toISOString(),
  }
  return { ...template.parse(row.made), name: row.name, own }
}

/** What a node calls the template that a sandbox or a snapshot is of. */
export const onNode = ({ template, templateId }: { template: string; templateId: string | null }): string =>
  templateId === null ? template : nodeTemplateName(templateId)

import { type AssignmentSource, templateName } from '../../protocol/api/index.js'
import { ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Templates } from '../nodes/templates.js'

/** Looks at what workspaces are to be made from, when a teacher says it: students would be told of a mistake too late. */
export class Sources {
  constructor(
    private readonly database: Database,
    private readonly templates: Templates,
    private readonly own: OwnTemplates,
  ) {}

  /** @throws ApiError `template_unavailable`; `not_found` for a snapshot; `conflict` for one of a student's work */
  async assert(who: Principal, source: AssignmentSource): Promise<void> {
    if ('template' in source) return this.#assertTemplate(who, source.template)
    const row = ofTenant(
      who,
      await this.database.prisma.snapshot.findUnique({ where: { id: source.snapshot } }),
      'snapshot',
    )
    if (!row.ready) throw notFound('snapshot')
    if (row.ownerId !== '') {
      throw new ApiError('conflict', 'this snapshot is the work of a student, and is not given to others')
    }
  }

  async #assertTemplate({ tenantId }: Principal, name: string): Promise<void> {
    const own = await this.own.find(tenantId, templateName.parse(name), { recent: true })
    if (own === undefined) await this.templates.limits(name)
  }
}

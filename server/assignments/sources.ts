import type { Assignment } from '../../prisma/generated/client.js'
import {
  type AssignmentSource,
  assignmentSource,
  storedLimits,
  templateName,
} from '../../protocol/api/index.js'
import { ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Templates } from '../nodes/templates.js'
import type { Source } from '../sandboxes/source.js'

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

  /**
   * The snapshot that workspaces of students are made from, which they cannot find themselves; undefined for a template.
   * @throws ApiError `conflict` when it is gone
   */
  async forStudents({
    tenantId,
    source,
  }: Pick<Assignment, 'tenantId' | 'source'>): Promise<Source | undefined> {
    const from = assignmentSource.parse(source)
    if ('template' in from) return undefined
    const row = await this.database.prisma.snapshot.findUnique({ where: { id: from.snapshot } })
    if (row === null || row.tenantId !== tenantId || row.ownerId !== '' || !row.ready) {
      throw new ApiError(
        'conflict',
        'the snapshot that this assignment begins with is gone; tell your teacher',
      )
    }
    const { id, ownerId, template, templateId, nodeId, limits } = row
    return { id, ownerId, template, templateId, nodeId, limits: storedLimits.parse(limits) }
  }

  async #assertTemplate({ tenantId }: Principal, name: string): Promise<void> {
    const own = await this.own.find(tenantId, templateName.parse(name), { recent: true })
    if (own === undefined) await this.templates.limits(name)
  }
}

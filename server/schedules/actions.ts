import type { Readable } from 'node:stream'
import type { Schedule as Row } from '../../prisma/generated/client.js'
import { buildOptions, rebuildSource, scheduleBounds, stopSandbox } from '../../protocol/api/index.js'
import { assertMayPublish } from '../auth/copies.js'
import { belongsTo } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { BuildService } from '../builds/service.js'
import type { Database } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'
import type { StoredFiles } from '../files/stored.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { SnapshotService } from '../snapshots/service.js'
import type { OwnTemplateService } from '../templates/service.js'

interface Services {
  readonly sandboxes: SandboxService
  readonly snapshots: SnapshotService
  readonly builds: BuildService
  readonly templates: OwnTemplateService
  readonly files: StoredFiles
  readonly volumeFiles: StoredFiles
}

/** What schedules do. Each service checks and writes down what is done, as for anybody who calls. */
export class ScheduleActions {
  constructor(
    private readonly database: Database,
    private readonly services: Services,
  ) {}

  /**
   * @returns the build that goes on by itself, or null when all is done
   * @throws ApiError that says why not
   */
  async perform(who: Principal, row: Row): Promise<string | null> {
    await this.#requireSight(who, row)
    if (row.action === 'rebuild') return this.#rebuild(who, row)
    if (row.sandboxId === null) throw notFound('sandbox')
    if (row.action === 'snapshot') await this.#snapshot(who, row, row.sandboxId)
    else if (row.action === 'wake') await this.#wake(who, row.sandboxId)
    else await this.#stop(who, row.sandboxId)
    return null
  }

  /** @throws ApiError `forbidden` when whoever changed it last sees its sandbox no more, or may make no template of it */
  async #requireSight(who: Principal, { sandboxId, source, action }: Row): Promise<void> {
    const from = action === 'rebuild' ? rebuildSource.parse(source) : undefined
    const id = from !== undefined && 'sandbox' in from ? from.sandbox : sandboxId
    if (id === null) return
    const found = await this.database.prisma.sandbox.findUnique({ where: { id } })
    if (found === null) return
    if (!belongsTo(who, found)) {
      throw forbidden(
        'whoever made or last changed this schedule does not see the work of this student any more; change it, and it runs with what you see',
      )
    }
    if (action === 'rebuild') assertMayPublish(who, found.ownerId, 'a template')
  }

  /** A run whose server died after the snapshot was there takes no second one. */
  async #snapshot(who: Principal, { id, name, dueAt, keep }: Row, sandboxId: string): Promise<void> {
    const { prisma } = this.database
    const taken = await prisma.snapshot.findFirst({
      where: { scheduleId: id, ready: true, createdAt: { gte: dueAt ?? new Date() } },
    })
    if (taken === null) await this.services.snapshots.create(who, sandboxId, {}, { id, name })
    const old = await prisma.snapshot.findMany({
      where: { scheduleId: id, ready: true, tenantId: who.tenantId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: keep ?? scheduleBounds.keepDefault,
      select: { id: true },
    })
    for (const one of old) await this.services.snapshots.removeScheduled(who, one.id, id)
  }

  async #wake(who: Principal, id: string): Promise<void> {
    const { sandboxes } = this.services
    await sandboxes.keepAwake(who, id)
    const { state } = await sandboxes.get(who, id)
    if (state === 'paused') await sandboxes.act(who, id, 'resume')
    else if (state !== 'running') await sandboxes.act(who, id, 'start')
  }

  async #stop(who: Principal, id: string): Promise<void> {
    const { sandboxes } = this.services
    const { state } = await sandboxes.get(who, id)
    if (state !== 'stopped') await sandboxes.stop(who, id, stopSandbox.parse({}))
  }

  async #rebuild(who: Principal, { template, source }: Row): Promise<string | null> {
    const from = rebuildSource.parse(source)
    const name = template ?? ''
    if ('image' in from) {
      await this.services.templates.create(who, { name, from: { image: from.image } })
      return null
    }
    const options = buildOptions.parse(from.options)
    const context =
      'volume' in from
        ? await this.services.volumeFiles.pack(who, from.volume, from)
        : await this.services.files.pack({ ...who, unattended: true }, from.sandbox, from)
    try {
      return (await this.services.builds.start(who, name, options, context)).id
    } finally {
      end(context)
    }
  }
}

/** What is left of it is read by nobody. */
function end(context: Readable): void {
  context.on('error', () => {})
  context.destroy()
}

import { Readable } from 'node:stream'
import type { z } from 'zod'
import type { CreateTemplate, importTemplate, Template } from '../../protocol/api/index.js'
import { type ContentImage, nodeTemplate, type SnapshotTemplate } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMayPublish } from '../auth/copies.js'
import { assertMay, ofTenant, ownersFor, ownRows } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { RegistryError } from '../registry/error.js'
import type { Manifests } from '../registry/manifests.js'
import { imageOf } from '../registry/names.js'
import type { TemplateMaking } from './making.js'

/** Of those that keep a template from being deleted. */
const shownUsers = 5

/** Templates that a tenant makes for itself: nobody else sees them. */
export class OwnTemplateService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly own: OwnTemplates,
    private readonly making: TemplateMaking,
    private readonly manifests: Manifests,
  ) {}

  /**
   * Makes a template of an image, or replaces the tenant's own of that name: new sandboxes are made from it, those that
   * exist stay as they are.
   * @param archive an OCI layout or what `docker save` writes, as a tar
   * @throws ApiError `invalid_request` that says what is wrong with the image; `quota_exceeded`, `conflict`, `disk_full`
   */
  async import(
    who: Principal,
    name: string,
    wanted: z.infer<typeof importTemplate>,
    archive: Readable,
  ): Promise<Template> {
    assertMay(who, 'template.create')
    const node = await this.placer.home(who.tenantId)
    const made = await this.making.make(who, { name, source: 'image', node }, async (making) => {
      const { runtime } = making.node
      await runtime.assertMayChange()
      const query = { ...wanted, listed: false, bytesMax: making.bytesMax }
      const { body } = await runtime.send('PUT', `/templates/${making.nodeName}/image`, query, archive)
      return nodeTemplate.parse(body)
    })
    await audit(this.database.prisma, who, 'template.import', made.own?.id ?? null, {
      ...{ name, digest: made.image?.digest ?? null, reference: made.image?.reference ?? null },
    })
    return made
  }

  /**
   * Makes a template of an image that was pushed to the registry, or of a snapshot.
   * @throws ApiError as `import`; `not_found` when there is no such image or snapshot
   */
  async create(who: Principal, { name, from, description }: CreateTemplate): Promise<Template> {
    assertMay(who, 'template.create')
    if ('snapshot' in from) return this.#ofSnapshot(who, name, from.snapshot, description)
    const { top, repository, nodeId } = await this.#pushed(who, from.image)
    const node = await this.nodes.of(nodeId)
    node.reach()
    const made = await this.making.make(who, { name, source: 'image', node }, async (making) => {
      const { runtime } = making.node
      await runtime.assertMayChange()
      // Only now: no more of them are in memory than a tenant makes templates at the same time.
      const children = await this.manifests.children(who, repository, top).catch(refuseImage)
      const image: ContentImage = {
        ...{
          space: who.tenantId,
          reference: from.image,
          mediaType: top.mediaType,
          bytesMax: making.bytesMax,
        },
        manifests: [top.content, ...children].map((one) => Buffer.from(one).toString()),
        ...(description === undefined ? {} : { description }),
      }
      const path = `/templates/${making.nodeName}/content`
      const json = Readable.from([Buffer.from(JSON.stringify(image))])
      return nodeTemplate.parse((await runtime.send('POST', path, {}, json)).body)
    })
    await audit(this.database.prisma, who, 'template.import', made.own?.id ?? null, {
      ...{ name, digest: made.image?.digest ?? null, reference: from.image },
    })
    return made
  }

  async #ofSnapshot(who: Principal, name: string, id: string, description?: string): Promise<Template> {
    assertMay(who, 'snapshot.read')
    const { prisma } = this.database
    const row = ofTenant(who, await prisma.snapshot.findUnique({ where: { id } }), 'snapshot')
    if (!row.ready) throw notFound('snapshot')
    assertMayPublish(who, row.ownerId, 'a template')
    const node = await this.nodes.of(row.nodeId)
    const made = await this.making.make(who, { name, source: 'snapshot', node }, async (making) => {
      const { runtime } = making.node
      await runtime.assertMayChange()
      const wanted: SnapshotTemplate = {
        ...{ snapshot: id, tenantId: who.tenantId, bytesMax: making.bytesMax },
        description: description ?? `the snapshot ${row.name}`.slice(0, 200),
      }
      const json = Readable.from([Buffer.from(JSON.stringify(wanted))])
      const path = `/templates/${making.nodeName}/snapshot`
      return nodeTemplate.parse((await runtime.send('POST', path, {}, json)).body)
    })
    await audit(prisma, who, 'template.snapshot', made.own?.id ?? null, { name, snapshot: row.name })
    return made
  }

  async #pushed(who: Principal, image: string) {
    try {
      const { repository, reference } = imageOf(image)
      const top = await this.manifests.get(who, repository, reference)
      const { tenantId } = who
      const blob = await this.database.prisma.registryBlob.findFirst({ where: { tenantId, repository } })
      if (blob === null) throw notFound('image')
      return { top, repository, nodeId: blob.nodeId }
    } catch (error) {
      return refuseImage(error)
    }
  }

  /** Deletes one of the tenant's own. @throws ApiError `conflict` that names what uses it */
  async delete(who: Principal, name: string): Promise<void> {
    assertMay(who, 'template.delete')
    const { prisma } = this.database
    const row = await prisma.template.findFirst({ where: { tenantId: who.tenantId, name, ready: true } })
    if (row === null) throw notFound('template')
    const of = { templateId: row.id }
    const shown = { select: { id: true, name: true }, take: shownUsers + 1 }
    const seen = { ...of, ...ownRows(who) }
    const users = [
      ...(await prisma.sandbox.findMany({ ...shown, where: { ...seen, deletedAt: null } })).map(
        (one) => `the sandbox ${one.name} (${one.id})`,
      ),
      ...(await prisma.snapshot.findMany({ ...shown, where: seen })).map(
        (one) => `the snapshot ${one.name} (${one.id})`,
      ),
    ]
    const builds = await prisma.build.findMany({
      ...{ where: { status: 'running', bases: { has: row.id } }, select: { id: true }, take: shownUsers },
    })
    users.push(...builds.map((build) => `the build ${build.id}`))
    const unseen = await this.#unseenUsers(who, of)
    if (users.length + unseen > 0) {
      const named = [
        ...users.slice(0, shownUsers),
        ...(unseen > 0 ? [`${unseen} sandboxes and snapshots that you do not see`] : []),
      ].join(', ')
      const more = users.length > shownUsers ? ' and others' : ''
      throw new ApiError('conflict', `the template ${name} is used by ${named}${more}`)
    }
    await this.making.remove(row.id, await this.nodes.of(row.nodeId))
    this.own.forget(who.tenantId)
    await audit(prisma, who, 'template.delete', row.id, { name })
  }

  /** How many are of students whom the caller does not see. */
  async #unseenUsers(who: Principal, of: { templateId: string }): Promise<number> {
    const owners = ownersFor(who)
    if (owners === undefined) return 0
    const where = { ...of, ownerId: { notIn: owners } }
    const { sandbox, snapshot } = this.database.prisma
    return (await sandbox.count({ where: { ...where, deletedAt: null } })) + (await snapshot.count({ where }))
  }
}

/** What the registry refuses, in the words of the API. */
function refuseImage(error: unknown): never {
  if (!(error instanceof RegistryError)) throw error
  throw error.status === 404 ? notFound('image') : new ApiError('invalid_request', error.message)
}

import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import { nodeTemplateName } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Blobs } from '../registry/blobs.js'
import { RegistryError } from '../registry/error.js'
import type { Manifests } from '../registry/manifests.js'
import { told } from '../registry/snapshot-image.js'
import { archiveBytes, archiveOf, type Member } from './archive.js'
import { registryImage } from './registry-image.js'
import { templateImage } from './template-image.js'

/** At the same time: a node reads eight layers at once. */
const [maxOfServer, maxOfTenant, maxOfPerson] = [6, 2, 2]
const longestMs = 2 * 3600 * 1000

/** A tar that is made while it is read. Destroying it ends it. */
export interface Exported {
  readonly content: Readable
  readonly sizeBytes: number
}

interface Parts {
  readonly database: Database
  readonly nodes: NodeRegistry
  readonly own: OwnTemplates
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly log: Logger
}

/** Images as archives: an OCI layout that is what `docker save` writes as well. */
export class ExportService {
  /** Of which tenants one is being sent, and to whom: a person counts once in all their tenants. */
  readonly #busy: { readonly tenantId: string; readonly person: string }[] = []

  constructor(private readonly parts: Parts) {}

  /**
   * An image of a template: one of the tenant's own, or everybody's.
   * @param gone the caller has
   * @throws ApiError `not_found`, `conflict`; `invalid_request` for files that no image has a form for
   */
  template(who: Principal, name: string, gone: AbortSignal): Promise<Exported> {
    assertMay(who, 'template.read')
    assertMay(who, 'image.read')
    return this.#send(who, gone, async (signal) => {
      const { runtime, nodeName, id } = await this.#find(who.tenantId, name)
      const members = await templateImage(runtime, { name, nodeName }, signal)
      await audit(this.parts.database.prisma, who, 'template.export', id, { name })
      return members
    })
  }

  /** An image of the tenant's registry, with the digests that it has there. @throws ApiError `not_found`, `conflict`, `invalid_request` */
  image(who: Principal, image: string, gone: AbortSignal): Promise<Exported> {
    assertMay(who, 'image.read')
    return this.#send(who, gone, async () => {
      const members = await registryImage(this.parts, who, image)
      await audit(this.parts.database.prisma, who, 'image.export', null, { image })
      return members
    })
  }

  async #send(
    who: Principal,
    gone: AbortSignal,
    find: (signal: AbortSignal) => Promise<Member[]>,
  ): Promise<Exported> {
    const leave = this.#enter(who)
    const signal = AbortSignal.any([gone, AbortSignal.timeout(longestMs)])
    try {
      const members = await find(signal)
      signal.throwIfAborted()
      const content = archiveOf(members, signal, this.parts.log)
      content.once('close', leave)
      return { content, sizeBytes: archiveBytes(members) }
    } catch (error) {
      leave()
      throw error instanceof RegistryError && error.status === 404 ? notFound('image') : told(error)
    }
  }

  #enter({ tenantId, userId, keyId }: Principal): () => void {
    const entry = { tenantId, person: userId ?? keyId ?? tenantId }
    const ofTenant = this.#busy.filter((one) => one.tenantId === tenantId).length
    const ofPerson = this.#busy.filter(({ person }) => person === entry.person).length
    if (ofTenant >= maxOfTenant || ofPerson >= maxOfPerson || this.#busy.length >= maxOfServer) {
      throw new ApiError('conflict', 'too many images are being exported; try again when one is done', 10)
    }
    this.#busy.push(entry)
    return () => void this.#busy.splice(this.#busy.indexOf(entry), 1)
  }

  async #find(tenantId: string, name: string) {
    const own = await this.parts.own.find(tenantId, name, { recent: true })
    if (own !== undefined) {
      const runtime = await this.parts.nodes.reach(own.nodeId)
      return { runtime, nodeName: nodeTemplateName(own.id), id: own.id }
    }
    for (const node of await this.parts.nodes.all()) {
      // Nodes tell only of what everybody may see.
      const there = await node.templates({ recent: true }).catch(() => [])
      if (there.some((one) => one.name === name)) return { runtime: node.reach(), nodeName: name, id: null }
    }
    throw notFound('template')
  }
}

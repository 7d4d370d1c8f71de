import type { Readable } from 'node:stream'
import { z } from 'zod'
import { type importTemplate, type Template, template } from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import type { NodeRegistry } from '../nodes/registry.js'

/** Templates that operators make of images. Each lies on the node that it was sent to. */
export class TemplateService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /**
   * Makes a template of an image, or replaces one: new sandboxes are made from it, those that exist stay as they are.
   * @param archive an OCI layout or what `docker save` writes, as a tar
   * @param node its id; it may be left out where there is one only
   * @throws ApiError `invalid_request` that says what is wrong with the image; `conflict`, `disk_full`
   */
  async import(
    who: Principal,
    name: string,
    wanted: z.infer<typeof importTemplate>,
    archive: Readable,
    node?: string,
  ): Promise<Template> {
    assertMay(who, 'template.change')
    const { id, runtime } = await this.#find(node)
    await runtime.assertMayChange()
    const { body } = await runtime.send('PUT', `/templates/${name}/image`, wanted, archive)
    const imported = template.parse(body)
    await auditNode(this.database.prisma, who, 'template.import', name, {
      ...{ node: id, digest: imported.image?.digest ?? null, reference: imported.image?.reference ?? null },
    })
    return imported
  }

  /** Deletes one that was imported. @throws ApiError `conflict` that names who uses it */
  async delete(who: Principal, name: string, node?: string): Promise<void> {
    assertMay(who, 'template.change')
    const { id, runtime } = await this.#find(node)
    await runtime.assertMayChange()
    await runtime.ask('DELETE', `/templates/${name}`, z.unknown())
    await auditNode(this.database.prisma, who, 'template.delete', name, { node: id })
  }

  async #find(node: string | undefined): Promise<ServerNode> {
    if (node !== undefined) return this.nodes.of(node)
    const [only, ...others] = await this.nodes.all()
    if (only !== undefined && others.length === 0) return only
    throw new ApiError(
      'invalid_request',
      'there are several nodes: name the one that is to have the template',
    )
  }
}

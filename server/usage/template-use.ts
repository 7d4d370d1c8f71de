import { type DiskUse, templateIdOf } from '../../protocol/api/index.js'
import type { NodeDiskUse } from '../../protocol/node/index.js'

/**
 * What each tenant has in templates. What another tenant has of the same layers makes nothing shared: it would tell what others have.
 * @param owners of templates, by their ids
 */
export function templateUse(
  nodes: readonly NodeDiskUse[],
  owners: ReadonlyMap<string, string>,
): Map<string, DiskUse['templates']> {
  const sums = new Map<string, DiskUse['templates']>()
  for (const { templates, inUse } of nodes) {
    const users = new Map<string, number>()
    const use = (tenantId: string, layer: string) =>
      users.set(`${tenantId} ${layer}`, (users.get(`${tenantId} ${layer}`) ?? 0) + 1)
    for (const { tenantId, layers } of inUse) for (const layer of layers) use(tenantId, layer)
    const owned = templates.flatMap(({ name, layers }) => {
      const owner = owners.get(templateIdOf(name) ?? '')
      return owner === undefined ? [] : [{ owner, layers }]
    })
    for (const { owner, layers } of owned) for (const { name } of layers) use(owner, name)
    for (const { owner, layers } of owned) {
      const { count, bytes, exclusiveBytes } = sums.get(owner) ?? { count: 0, bytes: 0, exclusiveBytes: 0 }
      const alone = layers.filter(({ name }) => users.get(`${owner} ${name}`) === 1)
      sums.set(owner, {
        count: count + 1,
        bytes: bytes + sumOf(layers),
        exclusiveBytes: exclusiveBytes + sumOf(alone),
      })
    }
  }
  return sums
}

const sumOf = (layers: readonly { readonly bytes: number }[]) =>
  layers.reduce((sum, { bytes }) => sum + bytes, 0)

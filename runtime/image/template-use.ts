import { LRUCache } from 'lru-cache'
import type { NodeDiskUse } from '../../protocol/node/index.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { LayerStore } from './store.js'

/** Layers whose size is remembered: they never change. */
const maxKnown = 50_000

/** The layers of templates of tenants with their sizes, without those of templates for everybody. */
export class TemplateUse {
  readonly #known = new LRUCache<string, number>({ max: maxKnown })
  #reading: Promise<unknown> = Promise.resolve()

  constructor(private readonly store: Pick<LayerStore, 'bytesOf'>) {}

  async of(templates: Iterable<LocalTemplate>): Promise<NodeDiskUse['templates']> {
    const all = [...templates]
    const listed = new Set(all.flatMap((one) => (one.listed ? one.layers : [])))
    const found: NodeDiskUse['templates'] = []
    for (const one of all.filter((template) => !template.listed)) {
      const layers: { name: string; bytes: number }[] = []
      for (const name of one.layers) {
        if (!listed.has(name)) layers.push({ name, bytes: await this.#bytesOf(name) })
      }
      found.push({ name: one.name, layers })
    }
    return found
  }

  /** One after the other: whoever asks often has the disk read once. */
  #bytesOf(layer: string): Promise<number> {
    const reading = this.#reading.then(async () => {
      const known = this.#known.get(layer)
      if (known !== undefined) return known
      // One that was removed meanwhile holds nothing.
      const bytes = await this.store.bytesOf([layer]).catch(() => 0)
      this.#known.set(layer, bytes)
      return bytes
    })
    this.#reading = reading
    return reading
  }
}

/** The layers that sandboxes and snapshots of each tenant lie over. */
export function layersInUse(
  records: Iterable<{ readonly tenantId: string | null; readonly layers: readonly string[] }>,
): NodeDiskUse['inUse'] {
  const inUse = new Map<string, Set<string>>()
  for (const { tenantId, layers } of records) {
    if (tenantId === null) continue
    const of = inUse.get(tenantId) ?? new Set()
    for (const layer of layers) of.add(layer)
    inUse.set(tenantId, of)
  }
  return [...inUse].map(([tenantId, layers]) => ({ tenantId, layers: [...layers] }))
}

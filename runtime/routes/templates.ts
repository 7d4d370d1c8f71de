import { z } from 'zod'
import { type Template, templateName } from '../../protocol/api/index.js'
import {
  contentImage,
  importNodeTemplate,
  layerBlob,
  layerName,
  type NodeTemplate,
  removeNodeTemplate,
  snapshotTemplate,
  templateLayer,
} from '../../protocol/node/index.js'
import type { Builds } from '../build/builds.js'
import { filesOf } from '../content/image.js'
import type { ContentStore } from '../content/store.js'
import type { Routes } from '../http/app.js'
import { sendArchive } from '../http/archive.js'
import { bytesOf, takeBytes } from '../http/bytes.js'
import { rememberBlob } from '../image/blobs.js'
import type { Collector } from '../image/collector.js'
import type { Imports } from '../image/import.js'
import { findImage } from '../image/manifest.js'
import { plainArchive } from '../image/plain-archive.js'
import type { LayerStore } from '../image/store.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import type { SnapshotImages } from '../snapshot/template.js'

interface Parts {
  readonly builds: Pick<Builds, 'usersOf'>
  readonly context: Pick<NodeContext, 'ociRuntimes'>
  readonly imports: Imports
  readonly content: ContentStore
  readonly collector: Collector
  readonly images: SnapshotImages
  readonly layers: LayerStore
  readonly sandboxes: Pick<Sandboxes, 'list'>
  readonly snapshots: Pick<Snapshots, 'list'>
  templates(): ReadonlyMap<string, LocalTemplate>
  reloadTemplates(): Promise<void>
}

const one = z.object({ name: templateName })

/** What sandboxes are made from, and images that become it. */
export const templateRoutes =
  (parts: Parts): Routes =>
  async (app) => {
    const all = () => [...parts.templates().values()]
    app.get('/templates', async () => ({
      templates: all().flatMap((template) => (template.listed ? [described(parts, template)] : [])),
    }))
    app.get('/templates/unlisted', async () => ({
      names: all().flatMap(({ listed, name }) => (listed ? [] : [name])),
    }))
    app.post('/templates/reload', async (_, reply) => {
      await parts.reloadTemplates()
      reply.code(204)
    })
    const remove = { params: one, querystring: removeNodeTemplate }
    app.delete('/templates/:name', { schema: remove }, async ({ params: { name }, query }, reply) => {
      const { imports, sandboxes, snapshots, builds } = parts
      const using = () => [
        ...sandboxes.list().flatMap((one) => (one.template === name ? [`sandbox ${one.sandboxId}`] : [])),
        ...snapshots.list().flatMap((one) => (one.template === name ? [`snapshot ${one.id}`] : [])),
      ]
      // Whoever was made from it knows its layers.
      await imports.remove(name, [...builds.usersOf(name), ...(query.used === 'true' ? [] : using())])
      await parts.reloadTemplates()
      await parts.collector.collect()
      reply.code(204)
    })
    app.post('/layers/collect', async () => ({ removed: await parts.collector.collect() }))
    const ofContent = { params: one, body: contentImage }
    app.post(
      '/templates/:name/content',
      { schema: ofContent, bodyLimit: 32 * 1024 ** 2 },
      async ({ params: { name }, body, raw }, reply) => {
        const gone = new AbortController()
        raw.socket.once('close', () => gone.abort())
        const { description, bytesMax } = body
        const template = await parts.imports.make(
          { name, description, bytesMax, listed: false },
          gone.signal,
          async (staging) => findImage(await filesOf(parts.content, body, staging), undefined),
        )
        await parts.reloadTemplates()
        reply.code(201)
        return describedNew(parts, template)
      },
    )
    await app.register(imports(parts))
    await app.register(images(parts))
  }

/** Templates of snapshots, and what images of templates are made of. */
const images =
  (parts: Parts): Routes =>
  async (app) => {
    const ofSnapshot = { params: one, body: snapshotTemplate }
    app.post('/templates/:name/snapshot', { schema: ofSnapshot }, async ({ params, body }, reply) => {
      const template = await parts.images.template(params.name, body)
      await parts.reloadTemplates()
      reply.code(201)
      return describedNew(parts, template)
    })
    app.get('/templates/:name/image', { schema: { params: one } }, async ({ params }) =>
      parts.images.imageOfTemplate(params.name),
    )
    app.get('/templates/:name/layers/:layer', { schema: { params: templateLayer } }, ({ params }, reply) =>
      sendArchive(parts.images.packTemplate(params.name, params.layer), reply),
    )
    const ofLayer = { params: z.object({ layer: layerName }), body: layerBlob }
    app.put('/layers/:layer/blob', { schema: ofLayer }, async ({ params, body }, reply) => {
      rememberBlob(parts.layers, params.layer, body)
      reply.code(204)
    })
  }

const imports =
  (parts: Parts): Routes =>
  async (app) => {
    takeBytes(app)
    app.put(
      '/templates/:name/image',
      { schema: { params: one, querystring: importNodeTemplate } },
      async (request, reply) => {
        const gone = new AbortController()
        request.raw.once('error', () => gone.abort())
        request.raw.socket.once('close', () => gone.abort())
        const { name } = request.params
        const { listed, ...query } = request.query
        const wanted = { ...query, name, listed: listed !== 'false' }
        const body = bytesOf(request)
        try {
          const archive = plainArchive({ [Symbol.asyncIterator]: () => ({ next: () => body.next() }) })
          const template = await parts.imports.import(wanted, archive, gone.signal)
          await parts.reloadTemplates()
          reply.code(201)
          return describedNew(parts, template)
        } finally {
          await body.return()
        }
      },
    )
  }

/** One that was made just now. */
export const describedNew = (parts: Pick<Parts, 'context'>, template: LocalTemplate): NodeTemplate => ({
  ...described(parts, template),
  sizeBytes: template.sizeBytes ?? 0,
})

function described({ context }: Pick<Parts, 'context'>, template: LocalTemplate): Omit<Template, 'own'> {
  const { name, description, defaults, isolation, idle, languages, system, image } = template
  const offered = isolation.filter((one) => context.ociRuntimes.offers(one))
  return {
    ...{ name, description, defaults, isolation: offered, idle, languages, system },
    image:
      image === null
        ? null
        : {
            ...{ digest: image.digest, reference: image.reference, user: image.user.name },
            ...{ entrypoint: image.entrypoint, cmd: image.cmd, workingDirectory: image.workingDirectory },
            ...{ stopSignal: image.stopSignal, ports: image.ports, labels: image.labels },
            volumes: image.volumes,
          },
  }
}

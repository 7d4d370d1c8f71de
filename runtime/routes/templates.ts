import { z } from 'zod'
import { importTemplate, type Template, templateName } from '../../protocol/api/index.js'
import type { Routes } from '../http/app.js'
import { bytesOf, takeBytes } from '../http/bytes.js'
import type { Collector } from '../image/collector.js'
import { type Imports, plainArchive } from '../image/import.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'
import type { Snapshots } from '../snapshot/snapshots.js'

interface Parts {
  readonly context: Pick<NodeContext, 'ociRuntimes'>
  readonly imports: Imports
  readonly collector: Collector
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
    app.get('/templates', async () => ({
      templates: [...parts.templates().values()].map((template) => described(parts, template)),
    }))
    app.post('/templates/reload', async (_, reply) => {
      await parts.reloadTemplates()
      reply.code(204)
    })
    app.delete('/templates/:name', { schema: { params: one } }, async ({ params: { name } }, reply) => {
      const { imports, sandboxes, snapshots } = parts
      const using = [
        ...sandboxes.list().flatMap((one) => (one.template === name ? [`sandbox ${one.sandboxId}`] : [])),
        ...snapshots.list().flatMap((one) => (one.template === name ? [`snapshot ${one.id}`] : [])),
      ]
      await imports.remove(name, using)
      await parts.reloadTemplates()
      await parts.collector.collect()
      reply.code(204)
    })
    app.post('/layers/collect', async () => ({ removed: await parts.collector.collect() }))
    await app.register(imports(parts))
  }

const imports =
  (parts: Parts): Routes =>
  async (app) => {
    takeBytes(app)
    app.put(
      '/templates/:name/image',
      { schema: { params: one, querystring: importTemplate } },
      async (request, reply) => {
        const gone = new AbortController()
        request.raw.once('error', () => gone.abort())
        request.raw.socket.once('close', () => gone.abort())
        const { name } = request.params
        const wanted = { ...request.query, name }
        const body = bytesOf(request)
        try {
          const archive = plainArchive({ [Symbol.asyncIterator]: () => ({ next: () => body.next() }) })
          const template = await parts.imports.import(wanted, archive, gone.signal)
          await parts.reloadTemplates()
          reply.code(201)
          return described(parts, template)
        } finally {
          await body.return()
        }
      },
    )
  }

function described({ context }: Parts, template: LocalTemplate): Template {
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
          },
  }
}

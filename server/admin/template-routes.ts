import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  importTemplate,
  newTemplateName,
  nodeQuery,
  template,
  templateName,
} from '../../protocol/api/index.js'
import type { TemplateService } from './template-service.js'

/** Answers with what may take long; it begins at the end of the upload, should it not be there by then. */
export type WhenReady = <T extends object>(
  reply: FastifyReply,
  result: Promise<T>,
  upload: Readable,
) => Promise<T | FastifyReply>

const tags = ['admin']
const params = z.object({ name: templateName })
const newOne = z.object({ name: newTemplateName })

/** `/admin/templates`: templates that are made of images. */
export const templateRoutes =
  (templates: TemplateService, whenReady: WhenReady): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'DELETE',
      url: '/templates/:name',
      schema: {
        ...{ tags, summary: 'Delete a template that was imported', params, querystring: nodeQuery },
        response: { 204: z.null() },
      },
      handler: async ({ principal, params: { name }, query }, reply) => {
        await templates.delete(principal, name, query.node)
        return reply.code(204).send(null)
      },
    })
    await app.register(imports(templates, whenReady))
  }

/** Bodies that are bytes, of whatever type they say they are. */
const imports =
  (templates: TemplateService, whenReady: WhenReady): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.route({
      method: 'PUT',
      url: '/templates/:name/image',
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        ...{
          tags,
          summary: 'Make a template of an image: an OCI layout or what docker save writes, as a tar',
        },
        ...{
          params: newOne,
          querystring: importTemplate.extend(nodeQuery.shape),
          response: { 201: template },
        },
      },
      handler: async ({ principal, params: { name }, query: { node, ...wanted }, body }, reply) => {
        const archive = body instanceof Readable ? body : Readable.from([])
        reply.code(201)
        const made = templates.import(principal, name, wanted, archive, node)
        return whenReady(reply, made, archive)
      },
    })
  }

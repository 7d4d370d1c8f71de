import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  createTemplate,
  importTemplate,
  newTemplateName,
  template,
  templateName,
} from '../../protocol/api/index.js'
import { sendWhenReady } from '../http/slow.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { OwnTemplateService } from './service.js'

const tags = ['templates']

/** `/templates`: what sandboxes can be made from, and what a tenant makes for itself. */
export const templateRoutes =
  (sandboxes: SandboxService, templates: OwnTemplateService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/templates',
      schema: {
        ...{
          tags,
          summary: 'What sandboxes can be made from: what the tenant has made, and what everybody has',
        },
        response: { 200: z.object({ templates: z.array(template) }) },
      },
      handler: async (request) => ({ templates: await sandboxes.listTemplates(request.principal) }),
    })
    app.route({
      method: 'POST',
      url: '/templates',
      schema: {
        ...{ tags, summary: 'Make a template of an image that was pushed to the registry, or of a snapshot' },
        description:
          'The registry is at `/v2/` of this server. A template of the same name of the tenant is replaced; sandboxes that were made from it stay as they are.',
        ...{ body: createTemplate, response: { 201: template } },
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return sendWhenReady(reply, templates.create(principal, body), heartbeatMs)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/templates/:name',
      schema: {
        ...{ tags, summary: "Delete a template of the tenant's own" },
        ...{ params: z.object({ name: templateName }), response: { 204: z.null() } },
      },
      handler: async ({ principal, params: { name } }, reply) => {
        await templates.delete(principal, name)
        return reply.code(204).send(null)
      },
    })
    await app.register(imports(templates, heartbeatMs))
  }

/** Bodies that are bytes, of whatever type they say they are. */
const imports =
  (templates: OwnTemplateService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.route({
      method: 'PUT',
      url: '/templates/:name/image',
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        ...{ tags, summary: "Make a template of the tenant's own of an image, as a tar" },
        description:
          'An OCI layout or what docker save writes, plain or compressed with gzip as a whole. One of the same name is replaced; sandboxes that were made from it stay as they are. Its layers count against the quota of disk.',
        ...{ params: z.object({ name: newTemplateName }), querystring: importTemplate },
        response: { 201: template },
      },
      handler: async ({ principal, params: { name }, query, body }, reply) => {
        const archive = body instanceof Readable ? body : Readable.from([])
        reply.code(201)
        return sendWhenReady(reply, templates.import(principal, name, query, archive), heartbeatMs, archive)
      },
    })
  }

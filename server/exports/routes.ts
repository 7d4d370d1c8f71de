import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { exportImage, templateName } from '../../protocol/api/index.js'
import { bytes, fileName } from '../http/bytes.js'
import type { Exported, ExportService } from './service.js'

const form =
  'One archive is an OCI layout and what `docker save` writes: `docker load`, `podman load` and skopeo take it, and so does `PUT /templates/{name}/image`. It is made while it is read.'

/** Images as archives. */
export const exportRoutes =
  (exports: ExportService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/templates/:name/image',
      schema: {
        ...{ tags: ['templates'], summary: 'Export a template as an image, as a tar' },
        description: `${form} Layers are not compressed. Its digests may differ from those of the image that the template was made of.`,
        ...{ params: z.object({ name: templateName }), response: { 200: bytes } },
      },
      handler: async ({ principal, params: { name } }, reply) =>
        send(reply, name, await exports.template(principal, name, goneOf(reply))),
    })
    app.route({
      method: 'GET',
      url: '/images/export',
      schema: {
        ...{ tags: ['images'], summary: 'Export an image of the registry of this server, as a tar' },
        description: `${form} Digests are those of the registry. Of an index it has the images that are there.`,
        ...{ querystring: exportImage, response: { 200: bytes } },
      },
      handler: async ({ principal, query: { image } }, reply) =>
        send(reply, image, await exports.image(principal, image, goneOf(reply))),
    })
  }

/** @param reply whose connection may have ended while the caller was looked up */
export function goneOf(reply: {
  raw: { destroyed: boolean; once(event: 'close', listener: () => void): unknown }
}): AbortSignal {
  const gone = new AbortController()
  if (reply.raw.destroyed) gone.abort()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

const send = (reply: FastifyReply, name: string, { content, sizeBytes }: Exported): FastifyReply =>
  reply
    .headers({
      ...{ 'content-type': 'application/x-tar', 'content-length': sizeBytes },
      'content-disposition': `attachment; ${fileName(`${name.replaceAll(/[/:@]/g, '-')}.tar`)}`,
      'content-security-policy': "default-src 'none'; sandbox",
    })
    .send(content)

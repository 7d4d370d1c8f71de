import Fastify, { type FastifyInstance, type FastifyReply, type FastifySchemaCompiler } from 'fastify'
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { RuntimeRefusal } from '../errors.js'
import { maxBodyBytes, sendRefusal } from './refusal.js'

/** Routes of a daemon on this machine. */
export type Routes = FastifyPluginAsyncZod

/** Makes the HTTP application of a daemon of the node. `listen` gives it its sockets. */
export async function createApp(routes: Routes, log: Logger): Promise<FastifyInstance> {
  const refuse = (error: unknown, { method, url }: { method: string; url: string }, reply: FastifyReply) =>
    sendRefusal(error, `${method} ${pathOf(url)}`, reply, log)
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    frameworkErrors: refuse,
    routerOptions: {
      maxParamLength: 256,
      // The last of several values counts, and `+` is a space, as in all that we send.
      querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)),
    },
  })
  app.setValidatorCompiler(check)
  app.setErrorHandler(refuse)
  app.setNotFoundHandler((request, reply) => {
    const missing = `there is no ${request.method} ${pathOf(request.url)}`
    return refuse(new RuntimeRefusal('not_found', missing), request, reply)
  })
  // Whatever a body says that it is, it is JSON.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (_, text, done) => {
    try {
      done(null, text === '' ? undefined : JSON.parse(text))
    } catch {
      done(new RuntimeRefusal('invalid_request', 'the body is not JSON'))
    }
  })
  // Not as a plugin: its hooks hold for calls that nobody answers, too.
  await routes(app.withTypeProvider<ZodTypeProvider>(), {})
  await app.ready()
  return app
}

/** Checks a part of a request. Fastify says null of a body that is not there, and a schema's default stands in for `undefined` only. */
const check: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (part) => {
    const { data, error } = schema.safeParse(part ?? undefined)
    return error === undefined ? { value: data } : { error }
  }

const pathOf = (url: string) => url.split('?')[0] ?? ''

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { changePrivacy, privacySettings } from '../../protocol/api/index.js'
import type { PrivacyService } from './settings.js'

const tags = ['admin']

/** `/admin/privacy`. */
export const privacyRoutes =
  (privacy: PrivacyService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/privacy',
      schema: {
        ...{ tags, summary: 'What is kept and shown of how long students work' },
        response: { 200: privacySettings },
      },
      handler: ({ principal }) => privacy.get(principal),
    })
    app.route({
      method: 'PATCH',
      url: '/privacy',
      schema: {
        ...{ tags, summary: 'Change what is kept and shown of how long students work' },
        description:
          'What is switched off is neither written down nor shown from then on. Minutes that are stored stay until their time is over.',
        ...{ body: changePrivacy, response: { 200: privacySettings } },
      },
      handler: ({ principal, body }) => privacy.change(principal, body),
    })
  }

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  addSshKeys,
  openSshAccess,
  sandboxParams,
  sshAccess,
  sshKeyParams,
  sshKeys,
  sshStatus,
} from '../../protocol/api/index.js'
import type { SshAccessService } from './access.js'
import type { SshKeyService } from './keys.js'

const tags = ['ssh']

/** What people and programs do about SSH. The gateway has routes of its own. */
export const sshRoutes =
  (keys: SshKeyService, access: SshAccessService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/ssh',
      schema: { tags, summary: 'Where SSH is answered', response: { 200: sshStatus } },
      handler: async ({ principal }) => access.status(principal),
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/ssh-access',
      schema: {
        ...{ tags, summary: 'Let a key in for some minutes', params: sandboxParams, body: openSshAccess },
        description:
          'With a key that was made for it, whoever may work in the sandbox connects to it without keeping a key here. `cloche ssh` does this.',
        response: { 201: sshAccess },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return access.open(principal, params.id, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/account/ssh-keys',
      schema: { tags, summary: 'List your SSH keys', response: { 200: sshKeys } },
      handler: async ({ principal }) => ({ keys: await keys.list(principal) }),
    })
    app.route({
      method: 'POST',
      url: '/account/ssh-keys',
      schema: {
        ...{ tags, summary: 'Add SSH keys', body: addSshKeys, response: { 201: sshKeys } },
        description: 'All keys of the text, or none. A key lets in one account only.',
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return { keys: await keys.add(principal, body) }
      },
    })
    app.route({
      method: 'DELETE',
      url: '/account/ssh-keys/:id',
      schema: {
        ...{ tags, summary: 'Remove an SSH key', params: sshKeyParams, response: { 204: z.null() } },
        description: 'Connections that were opened with it end at once.',
      },
      handler: async ({ principal, params }, reply) => {
        await keys.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
  }

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeLineComment,
  createLineComment,
  lineComment,
  lineCommentParams,
  lineComments,
  submissionParams,
} from '../../protocol/api/index.js'
import type { LineComments } from './line-comments.js'

const tags = ['grading']

/** Comments on lines of submissions. */
export const lineCommentRoutes =
  (comments: LineComments): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/submissions/:id/comments',
      schema: {
        ...{ tags, summary: 'Comments on lines of a submission', params: submissionParams },
        description: 'Students read those on their own, when the assignment shows them their results.',
        response: { 200: lineComments },
      },
      handler: async ({ principal, params }) => ({ items: await comments.list(principal, params.id) }),
    })
    app.route({
      method: 'POST',
      url: '/submissions/:id/comments',
      schema: {
        ...{ tags, summary: 'Comment on a line of a submission', params: submissionParams },
        ...{ body: createLineComment, response: { 201: lineComment } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return comments.create(principal, params.id, body)
      },
    })
    app.route({
      method: 'PATCH',
      url: '/submissions/:id/comments/:commentId',
      schema: {
        ...{ tags, summary: 'Change a comment on a line', params: lineCommentParams },
        description: 'By who wrote it, and by owners and admins.',
        ...{ body: changeLineComment, response: { 200: lineComment } },
      },
      handler: async ({ principal, params, body }) =>
        comments.change(principal, params.id, params.commentId, body.text),
    })
    app.route({
      method: 'DELETE',
      url: '/submissions/:id/comments/:commentId',
      schema: {
        ...{ tags, summary: 'Delete a comment on a line', params: lineCommentParams },
        response: { 204: z.null() },
      },
      handler: async ({ principal, params }, reply) => {
        await comments.remove(principal, params.id, params.commentId)
        return reply.code(204).send(null)
      },
    })
  }

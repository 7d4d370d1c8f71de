import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  assignmentParams,
  assignmentWork,
  ownWorkList,
  studentWorkList,
  studentWorkPage,
} from '../../protocol/api/index.js'
import { sendWhenReady } from '../http/slow.js'
import type { Assignments } from './index.js'

const tags = ['assignments']

/** What students do. */
export const workRoutes =
  ({ starting, checks, work }: Assignments, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/assignments/:id/start',
      schema: {
        ...{ tags, summary: 'Begin an assignment', params: assignmentParams },
        description:
          'Makes the sandbox of the student who calls, with the starter files in it, and answers when it runs. Asked again it is the same one; when it was deleted, a new one. Refused before it opens and after it is over.',
        response: { 200: assignmentWork },
      },
      handler: async ({ principal, params }, reply) =>
        sendWhenReady(reply, starting.start(principal, params.id), heartbeatMs),
    })
    app.route({
      method: 'POST',
      url: '/assignments/:id/check',
      schema: {
        ...{ tags, summary: 'Check the steps of an assignment', params: assignmentParams },
        description:
          'Runs the checks in the sandbox of the student who calls, as they themselves, after read-only files were put back. A help, not a grade: students have root there. At most two minutes; whoever asks meanwhile gets the same answer.',
        response: { 200: assignmentWork },
      },
      handler: async ({ principal, params }, reply) => {
        const aborted = new AbortController()
        reply.raw.once('close', () => aborted.abort())
        return sendWhenReady(reply, checks.check(principal, params.id, aborted.signal), heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/work',
      schema: {
        ...{ tags, summary: 'What each student of the class has of an assignment', params: assignmentParams },
        ...{ querystring: studentWorkPage, response: { 200: studentWorkList } },
      },
      handler: async ({ principal, params, query }) => work.list(principal, params.id, query),
    })
    app.route({
      method: 'GET',
      url: '/work',
      schema: {
        ...{ tags, summary: 'The assignments of all your classes, as a student' },
        description: 'What is due first comes first, and what is never due last.',
        response: { 200: ownWorkList },
      },
      handler: async ({ principal }) => ({ items: await work.own(principal) }),
    })
  }

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  assignmentParams,
  attemptParams,
  examAttempts,
  examEvents,
  examEventsPage,
  examSnapshotParams,
  examSnapshots,
  studentWorkPage,
  tellExamEvent,
} from '../../protocol/api/index.js'
import { bytes, fileName } from '../http/bytes.js'
import type { ExamRecords } from './records.js'

const tags = ['assignments']
const params = assignmentParams

/** What happens in exams. */
export const examRoutes =
  (records: ExamRecords): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/assignments/:id/attempts',
      schema: {
        ...{ tags, summary: 'How each student of the class stands in an exam', params },
        ...{ querystring: studentWorkPage, response: { 200: examAttempts } },
      },
      handler: async ({ principal, params, query }) => records.attempts(principal, params.id, query),
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/attempts/:studentId/snapshots',
      schema: {
        ...{ tags, summary: 'List what was kept of the work of a student in an exam', params: attemptParams },
        response: { 200: examSnapshots },
        description:
          'About every minute in which they worked and something changed, newest first; of what is older than ten minutes, one of each ten minutes.',
      },
      handler: async ({ principal, params }) => ({
        items: await records.snapshots(principal, params.id, params.studentId),
      }),
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/attempts/:studentId/snapshots/:snapshotId/archive',
      schema: {
        ...{ tags, summary: 'What was kept of the work of a student in an exam, as tar' },
        ...{ params: examSnapshotParams, response: { 200: bytes } },
      },
      handler: async ({ principal, params }, reply) => {
        const archive = await records.packSnapshot(principal, params)
        // A tenant's bytes come from our origin: no browser may take them for a page of ours.
        reply.headers({
          'content-disposition': `attachment; ${fileName(`${params.snapshotId}.tar`)}`,
          'content-security-policy': "default-src 'none'; sandbox",
        })
        return reply.type('application/x-tar').send(archive)
      },
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/events',
      schema: {
        ...{ tags, summary: 'List what happened in an exam, newest first', params },
        ...{ querystring: examEventsPage, response: { 200: examEvents } },
        description:
          'Events are added, and never changed. They go with the assignment, and with the account.',
      },
      handler: async ({ principal, params, query }) => records.events(principal, params.id, query),
    })
    app.route({
      method: 'POST',
      url: '/assignments/:id/events',
      schema: {
        ...{ tags, summary: 'Tell of something in an exam, as the page of its student', params },
        ...{ body: tellExamEvent, response: { 204: z.null() } },
        description: 'At most 2,000 of one student in one exam, and only while it goes on for them.',
      },
      handler: async ({ principal, params, body }, reply) => {
        await records.tell(principal, params.id, body)
        return reply.code(204).send(null)
      },
    })
  }

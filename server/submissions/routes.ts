import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  assignmentParams,
  checkedReceipt,
  diffQuery,
  newId,
  submission,
  submissionDiff,
  submissionFileQuery,
  submissionFiles,
  submissionList,
  submissionPage,
  submissionParams,
  submissionReceipt,
  submissionWithMissing,
} from '../../protocol/api/index.js'
import { bytes, fileName } from '../http/bytes.js'
import type { Once } from '../http/idempotency.js'
import { sendWhenReady } from '../http/slow.js'
import type { Submissions } from './index.js'

const tags = ['submissions']
const params = submissionParams
/** A tenant's bytes come from our origin: no browser may take them for a page of ours. */
const asDownload = (name: string) => ({
  'content-disposition': `attachment; ${fileName(name)}`,
  'content-security-policy': "default-src 'none'; sandbox",
})

/** `/submissions`, and those for an assignment. */
export const submissionRoutes =
  (
    { submissions, lists, receipts, contents, diffs }: Submissions,
    once: Once,
    heartbeatMs: number,
  ): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/assignments/:id/submissions',
      schema: {
        ...{ tags, summary: 'Hand in an assignment', params: assignmentParams },
        headers: z.looseObject({ 'idempotency-key': z.string().min(1).max(128).optional() }),
        description:
          'Stores the home directory of the student who calls, as it is now, also of a sandbox that is paused or stopped: at most 2,000 files and 16 MiB. What was asked for in time is in time, however long it takes to read. It is never changed, and each is kept; the same content again within a minute is the same submission.',
        response: { 201: submission },
      },
      handler: async (request, reply) => {
        const { principal, params, headers } = request
        const making = {
          id: newId('su'),
          make: (id: string) => submissions.submit(principal, params.id, id),
          resume: (id: string) => submissions.resume(principal, params.id, id),
        }
        reply.code(201)
        const made = once(request, headers['idempotency-key'], submission, making)
        return sendWhenReady(reply, made, heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/submissions',
      schema: {
        ...{ tags, summary: 'List what was handed in for an assignment, newest first' },
        ...{ params: assignmentParams, querystring: submissionPage, response: { 200: submissionList } },
        description: 'Students find their own; teachers and assistants all, also of those who have left.',
      },
      handler: async ({ principal, params, query }) => lists.list(principal, params.id, query),
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id',
      schema: { tags, summary: 'Read a submission', params, response: { 200: submissionWithMissing } },
      handler: async ({ principal, params }) => lists.get(principal, params.id),
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id/receipt',
      schema: {
        ...{ tags, summary: 'The receipt of a submission', params, response: { 200: submissionReceipt } },
        description: 'What was handed in and when, sealed: keep it.',
      },
      handler: async ({ principal, params }) => receipts.of(principal, params.id),
    })
    app.route({
      method: 'POST',
      url: '/receipts/check',
      schema: {
        ...{ tags, summary: 'Check a receipt', body: submissionReceipt, response: { 200: checkedReceipt } },
      },
      handler: async ({ principal, body }) => receipts.check(principal, body),
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id/files',
      schema: { tags, summary: 'List the files of a submission', params, response: { 200: submissionFiles } },
      handler: async ({ principal, params }) => ({ items: await contents.list(principal, params.id) }),
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id/file',
      schema: {
        ...{ tags, summary: 'Read a file of a submission', params },
        ...{ querystring: submissionFileQuery, response: { 200: bytes } },
      },
      handler: async ({ principal, params, query }, reply) => {
        const content = await contents.read(principal, params.id, query.path)
        return reply.headers(asDownload(query.path)).type('application/octet-stream').send(content)
      },
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id/archive',
      schema: { tags, summary: 'A submission as tar', params, response: { 200: bytes } },
      handler: async ({ principal, params }, reply) => {
        const { archive, row } = await contents.pack(principal, params.id)
        const name = `${row.title} ${row.studentName} ${row.number}.tar`.replaceAll('/', '_')
        return reply.headers(asDownload(name)).type('application/x-tar').send(archive)
      },
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id/diff',
      schema: {
        ...{ tags, summary: 'What has changed from the starter files, or from another submission', params },
        ...{ querystring: diffQuery, response: { 200: submissionDiff } },
      },
      handler: async ({ principal, params, query }) => diffs.of(principal, params.id, query),
    })
  }

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  dataParams,
  deleteStudentData,
  studentDataDeleted,
  studentDataDeletion,
} from '../../protocol/api/index.js'
import { bytes, fileName } from '../http/bytes.js'
import type { StudentDeletions } from './deletion.js'
import type { StudentExports } from './export.js'

const tags = ['classes']
const params = dataParams

/** What a class has of one student. */
export const studentDataRoutes =
  (exports: StudentExports, deletions: StudentDeletions): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/classes/:id/students/:studentId/export',
      schema: {
        ...{ tags, summary: 'Export all that a class has of a student, as tar', params },
        description:
          'JSON of profile, work, submissions, results, grades with comments, exams, activity, lessons, extensions and sandboxes; receipts; and the files of all submissions. For teachers of the class; students get their own, also by the id of their account. Results are as students see them.',
        response: { 200: bytes },
      },
      handler: async ({ principal, params }, reply) => {
        const { archive, name } = await exports.of(principal, params.id, params.studentId)
        // A tenant's bytes come from our origin: no browser may take them for a page of ours.
        reply.headers({
          'content-disposition': `attachment; ${fileName(name)}`,
          'content-security-policy': "default-src 'none'; sandbox",
        })
        return reply.type('application/x-tar').send(archive)
      },
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/students/:studentId/deletion',
      schema: {
        ...{ tags, summary: 'What deleting the data of a student deletes', params },
        response: { 200: studentDataDeletion },
      },
      handler: ({ principal, params }) => deletions.preview(principal, params.id, params.studentId),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/students/:studentId/deletion',
      schema: {
        ...{ tags, summary: 'Delete the data of a student for good', params },
        description:
          'What the preview lists. Their place in the class and their account stay, and so does the audit log. Refused with 409 while they write an exam.',
        ...{ body: deleteStudentData, response: { 200: studentDataDeleted } },
      },
      handler: ({ principal, params, body }) =>
        deletions.delete(principal, params.id, params.studentId, body.confirm),
    })
  }

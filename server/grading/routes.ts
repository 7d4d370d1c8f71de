import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  applyGradebook,
  assignmentParams,
  classParams,
  givenGrades,
  grade,
  gradeAll,
  gradebook,
  gradebookApplied,
  gradebookBounds,
  gradebookPreview,
  gradeList,
  gradeParams,
  grading,
  gradingCount,
  gradingList,
  setGrade,
  submissionParams,
} from '../../protocol/api/index.js'
import { acceptFiles, fileOf } from '../spreadsheets/body.js'
import type { Gradings } from './index.js'

const tags = ['grading']

/** Gradings of submissions, and grades. */
export const gradingRoutes =
  ({ gradings, grades, gradebooks }: Gradings): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/submissions/:id/gradings',
      schema: {
        ...{ tags, summary: 'Run the tests with a submission, once more', params: submissionParams },
        description: 'What came of it before is kept. One that waits or runs already is answered as it is.',
        response: { 202: grading },
      },
      handler: async ({ principal, params }, reply) => {
        reply.code(202)
        return gradings.grade(principal, params.id)
      },
    })
    app.route({
      method: 'GET',
      url: '/submissions/:id/gradings',
      schema: {
        ...{ tags, summary: 'What the tests found in a submission, newest first', params: submissionParams },
        description: 'Students are shown their own, when and as much as the assignment says.',
        response: { 200: gradingList },
      },
      handler: async ({ principal, params }) => ({ items: await gradings.list(principal, params.id) }),
    })
    app.route({
      method: 'POST',
      url: '/assignments/:id/gradings',
      schema: {
        ...{ tags, summary: 'Run the tests with all submissions for an assignment, once more' },
        ...{ params: assignmentParams, body: gradeAll, response: { 202: gradingCount } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(202)
        return { count: await gradings.gradeAll(principal, params.id, body) }
      },
    })
    app.route({
      method: 'DELETE',
      url: '/assignments/:id/gradings',
      schema: {
        ...{
          tags,
          summary: 'Cancel the gradings for an assignment that wait or run',
          params: assignmentParams,
        },
        response: { 200: gradingCount },
      },
      handler: async ({ principal, params }) => ({ count: await gradings.cancelAll(principal, params.id) }),
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/grades',
      schema: {
        ...{ tags, summary: 'What each student has for an assignment', params: assignmentParams },
        description: 'A student finds their own.',
        response: { 200: gradeList },
      },
      handler: async ({ principal, params }) => ({
        ...{ items: await grades.list(principal, params.id), nextCursor: null },
      }),
    })
    app.route({
      method: 'PUT',
      url: '/assignments/:id/grades/:userId',
      schema: {
        ...{
          tags,
          summary: 'Give a student points, in the place of those of the tests',
          params: gradeParams,
        },
        ...{ body: setGrade, response: { 200: grade } },
      },
      handler: async ({ principal, params, body }) => grades.give(principal, params.id, params.userId, body),
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/gradebook',
      schema: {
        ...{ tags, summary: 'What each student of a class has for each assignment', params: classParams },
        response: { 200: gradebook },
      },
      handler: async ({ principal, params }) => gradebooks.of(principal, params.id),
    })
    acceptFiles(app, gradebookBounds.bytes)
    const description =
      'The body is the file, as the export writes it: CSV with a heading line; students by number or name, assignments by title. Empty cells change nothing.'
    app.route({
      method: 'POST',
      url: '/classes/:id/gradebook/preview',
      bodyLimit: gradebookBounds.bytes,
      schema: {
        ...{ tags, summary: 'What importing points would do', description, params: classParams },
        response: { 200: gradebookPreview },
      },
      handler: async ({ principal, params, body }) => gradebooks.preview(principal, params.id, fileOf(body)),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/gradebook',
      bodyLimit: gradebookBounds.bytes,
      schema: {
        ...{ tags, summary: 'Import points as a preview said', params: classParams },
        description: `${description} All of it is done, or nothing. Refused when something has changed since the preview.`,
        ...{ querystring: applyGradebook, response: { 200: gradebookApplied } },
      },
      handler: async ({ principal, params, query, body }) =>
        gradebooks.apply(principal, params.id, fileOf(body), query.digest),
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/gradebook.csv',
      schema: {
        ...{
          tags,
          summary: 'What each student of a class has for each assignment, as CSV',
          params: classParams,
          response: { 200: z.unknown() },
        },
      },
      handler: async ({ principal, params }, reply) => {
        const csv = await gradebooks.csv(principal, params.id)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="gradebook.csv"')
          .send(csv)
      },
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/grades/:userId',
      schema: {
        ...{ tags, summary: 'Each time that a person gave a student points', params: gradeParams },
        response: { 200: givenGrades },
      },
      handler: async ({ principal, params }) => ({
        items: await grades.given(principal, params.id, params.userId),
      }),
    })
  }

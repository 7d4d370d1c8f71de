import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  assignment,
  assignmentBounds,
  assignmentList,
  assignmentParams,
  classParams,
  duplicateAssignment,
  importAssignmentTests,
  importedTests,
  moveAssignment,
  orderAssignments,
} from '../../protocol/api/index.js'
import type { Assignments } from './index.js'

const tags = ['assignments']

/** Order, copies, moves, and tests from elsewhere. */
export const organisingRoutes =
  ({ organising }: Assignments): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'PUT',
      url: '/classes/:id/assignments/order',
      schema: {
        ...{ tags, summary: 'Put the assignments of a class in order', params: classParams },
        ...{ body: orderAssignments, response: { 200: assignmentList } },
      },
      handler: async ({ principal, params, body }) => ({
        items: await organising.order(principal, params.id, body.assignments),
        nextCursor: null,
      }),
    })
    app.route({
      method: 'POST',
      url: '/assignments/:id/duplicate',
      schema: {
        ...{ tags, summary: 'Duplicate an assignment, also into another class', params: assignmentParams },
        description:
          'The copy is a draft with the same text, steps, tests and files. What was given by the clocks of the class keeps its wall clock.',
        ...{ body: duplicateAssignment, response: { 201: assignment } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return organising.duplicate(principal, params.id, body)
      },
    })
    app.route({
      method: 'POST',
      url: '/assignments/:id/move',
      schema: {
        ...{ tags, summary: 'Move an assignment to another class', params: assignmentParams },
        description: 'While nobody has begun it. Additional time of students goes.',
        ...{ body: moveAssignment, response: { 200: assignment } },
      },
      handler: async ({ principal, params, body }) => organising.move(principal, params.id, body.class),
    })
    app.route({
      method: 'POST',
      url: '/assignments/:id/tests/import',
      bodyLimit: 2 * assignmentBounds.testsBytes,
      schema: {
        ...{ tags, summary: 'Import tests of GitHub Classroom or Classroom 50', params: assignmentParams },
        description:
          '`autograding.json`, the steps of the workflow `classroom.yml` that grade, or the `tests.json` of Classroom 50. They are added to the tests of the assignment; what was not understood is listed.',
        ...{ body: importAssignmentTests, response: { 200: importedTests } },
      },
      handler: async ({ principal, params, body }) => organising.importTests(principal, params.id, body),
    })
  }

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  addStudent,
  changeStudent,
  classParams,
  classStudent,
  classStudentList,
  studentPage,
  studentParams,
} from '../../protocol/api/index.js'
import type { Classes } from './index.js'

const tags = ['classes']

/** `/classes/{id}/students`. */
export const studentRoutes =
  ({ students }: Classes): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/classes/:id/students',
      schema: {
        ...{ tags, summary: 'List the students of a class, by name', params: classParams },
        ...{ querystring: studentPage, response: { 200: classStudentList } },
      },
      handler: async ({ principal, params, query }) => students.list(principal, params.id, query),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/students',
      schema: {
        ...{ tags, summary: 'Add a student to a class', params: classParams, body: addStudent },
        description:
          'With an e-mail address they are expected until they join by a link or the code of the class. Without one an account is made, and they sign in with a card.',
        response: { 201: classStudent },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return students.add(principal, params.id, body)
      },
    })
    app.route({
      method: 'PATCH',
      url: '/classes/:id/students/:studentId',
      schema: {
        ...{ tags, summary: 'Change what a class knows of a student', params: studentParams },
        ...{ body: changeStudent, response: { 200: classStudent } },
      },
      handler: async ({ principal, params, body }) =>
        students.change(principal, params.id, params.studentId, body),
    })
    app.route({
      method: 'DELETE',
      url: '/classes/:id/students/:studentId',
      schema: {
        ...{ tags, summary: 'Take a student out of a class', params: studentParams },
        description: 'They stay a member of the tenant, and what they made stays.',
        response: { 204: z.null() },
      },
      handler: async ({ principal, params }, reply) => {
        await students.remove(principal, params.id, params.studentId)
        return reply.code(204).send(null)
      },
    })
  }

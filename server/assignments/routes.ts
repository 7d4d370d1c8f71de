import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  assignment,
  assignmentExtension,
  assignmentExtensions,
  assignmentList,
  assignmentParams,
  changeAssignment,
  classParams,
  createAssignment,
  deleteWithSubmissions,
  extensionParams,
  setExtension,
} from '../../protocol/api/index.js'
import { assignmentFileRoutes } from './file-routes.js'
import type { Assignments } from './index.js'
import { organisingRoutes } from './organising-routes.js'
import { workRoutes } from './work-routes.js'

const tags = ['assignments']
const done = z.null()
/** Text and tests. */
const bodyLimit = 4 * 1024 * 1024

/** `/assignments`, and those of a class. */
export const assignmentRoutes =
  (services: Assignments, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    const { assignments, extensions } = services
    await app.register(assignmentFileRoutes(services))
    await app.register(workRoutes(services, heartbeatMs))
    await app.register(organisingRoutes(services))

    app.route({
      method: 'POST',
      url: '/classes/:id/assignments',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Create an assignment of a class', params: classParams, body: createAssignment },
        description: 'A lesson is an assignment that is never due. It is a draft until it is published.',
        response: { 201: assignment },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return assignments.create(principal, params.id, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/assignments',
      schema: {
        ...{ tags, summary: 'List the assignments of a class, in their order', params: classParams },
        description: 'All of them. Students see those that are published.',
        response: { 200: assignmentList },
      },
      handler: async ({ principal, params }) => ({
        ...{ items: await assignments.list(principal, params.id), nextCursor: null },
      }),
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id',
      schema: {
        ...{ tags, summary: 'Read an assignment', params: assignmentParams, response: { 200: assignment } },
        description:
          'A student sees one that is published; before it opens its title and times; never its tests and hidden files.',
      },
      handler: async ({ principal, params }) => assignments.get(principal, params.id),
    })
    app.route({
      method: 'PATCH',
      url: '/assignments/:id',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Change an assignment, or publish it', params: assignmentParams },
        ...{ body: changeAssignment, response: { 200: assignment } },
      },
      handler: async ({ principal, params, body }) => assignments.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/assignments/:id',
      schema: {
        ...{ tags, summary: 'Delete an assignment', params: assignmentParams, response: { 204: done } },
        querystring: deleteWithSubmissions,
        description:
          'The sandboxes of students stay. What was handed in goes with it, so it is refused with 409 while there is any, unless `submissions=delete`.',
      },
      handler: async ({ principal, params, query }, reply) => {
        await assignments.delete(principal, params.id, query.submissions)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/extensions',
      schema: {
        ...{ tags, summary: 'List who has more time for an assignment', params: assignmentParams },
        response: { 200: assignmentExtensions },
      },
      handler: async ({ principal, params }) => ({ items: await extensions.list(principal, params.id) }),
    })
    app.route({
      method: 'PUT',
      url: '/assignments/:id/extensions/:studentId',
      schema: {
        ...{ tags, summary: 'Give a student more time for an assignment', params: extensionParams },
        ...{ body: setExtension, response: { 200: assignmentExtension } },
      },
      handler: async ({ principal, params, body }) =>
        extensions.set(principal, params.id, params.studentId, body.dueAt),
    })
    app.route({
      method: 'DELETE',
      url: '/assignments/:id/extensions/:studentId',
      schema: {
        ...{ tags, summary: 'Take the additional time of a student back', params: extensionParams },
        response: { 204: done },
      },
      handler: async ({ principal, params }, reply) => {
        await extensions.remove(principal, params.id, params.studentId)
        return reply.code(204).send(null)
      },
    })
  }

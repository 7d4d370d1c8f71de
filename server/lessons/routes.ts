import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  chooseStudents,
  classParams,
  lesson,
  lessonList,
  lessonMessage,
  lessonMessages,
  lessonOutcome,
  lessonPage,
  lessonParams,
  lessonStudentParams,
  lessonStudents,
  ownLessons,
  sendMessage,
  startLesson,
} from '../../protocol/api/index.js'
import { sendWhenReady } from '../http/slow.js'
import { lessonTerminalRoutes } from './broadcast-routes.js'
import { lessonFileRoutes } from './file-routes.js'
import type { Lessons } from './index.js'

const tags = ['lessons']
const params = lessonParams

/** Live lessons. */
export const lessonRoutes =
  (services: Lessons, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    const { lessons, overview, speaking, freezing, resetting } = services
    await app.register(lessonFileRoutes(services, heartbeatMs))
    await app.register(lessonTerminalRoutes(services))
    app.route({
      method: 'POST',
      url: '/classes/:id/lessons',
      schema: {
        ...{ tags, summary: 'Start a live lesson of a class', params: classParams, body: startLesson },
        description:
          'A class has one at a time: while another one runs this is refused with 409, and `existingId` names it. It ends when it is ended, or by itself after `minutes`.',
        response: { 201: lesson },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return lessons.start(principal, params.id, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/lessons',
      schema: {
        ...{ tags, summary: 'List the live lessons of a class, newest first', params: classParams },
        ...{ querystring: lessonPage, response: { 200: lessonList } },
        description: 'Students are told of the one that runs. The last 500 of a class are kept.',
      },
      handler: async ({ principal, params, query }) => lessons.list(principal, params.id, query),
    })
    app.route({
      method: 'GET',
      url: '/lessons',
      schema: {
        ...{ tags, summary: 'The live lessons of your classes that run, as a student' },
        description: 'With the hand and the messages of whoever calls.',
        response: { 200: ownLessons },
      },
      handler: async ({ principal }) => ({ lessons: await speaking.own(principal) }),
    })
    app.route({
      method: 'GET',
      url: '/lessons/:id',
      schema: { tags, summary: 'Read a live lesson', params, response: { 200: lesson } },
      handler: async ({ principal, params }) => lessons.get(principal, params.id),
    })
    app.route({
      method: 'POST',
      url: '/lessons/:id/end',
      schema: {
        ...{ tags, summary: 'End a live lesson', params, response: { 200: lesson } },
        description: 'Whoever is frozen goes on. One that has ended stays as it is.',
      },
      handler: async ({ principal, params }) => lessons.end(principal, params.id),
    })
    app.route({
      method: 'GET',
      url: '/lessons/:id/students',
      schema: {
        ...{ tags, summary: 'What each student of a live lesson does', params },
        description:
          'By name, at most 1,000. Nobody looks into a sandbox for it: it is what the server and the nodes know already.',
        response: { 200: lessonStudents },
      },
      handler: async ({ principal, params }) => overview.of(principal, params.id),
    })

    app.route({
      method: 'PUT',
      url: '/lessons/:id/hand',
      schema: {
        ...{ tags, summary: 'Raise your hand in a live lesson', params, response: { 204: z.null() } },
        description: 'A hand that is up already stays where it is in the queue.',
      },
      handler: async ({ principal, params }, reply) => {
        await speaking.raiseOwn(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/lessons/:id/hand',
      schema: {
        ...{ tags, summary: 'Lower your hand in a live lesson', params, response: { 204: z.null() } },
      },
      handler: async ({ principal, params }, reply) => {
        await speaking.lowerOwn(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/lessons/:id/students/:studentId/hand',
      schema: {
        ...{ tags, summary: 'Lower the hand of a student', params: lessonStudentParams },
        response: { 204: z.null() },
      },
      handler: async ({ principal, params }, reply) => {
        await speaking.lower(principal, params.id, params.studentId)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/lessons/:id/messages',
      schema: {
        ...{ tags, summary: 'Write to all or some students of a live lesson', params, body: sendMessage },
        response: { 201: lessonMessage },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return speaking.send(principal, params.id, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/lessons/:id/messages',
      schema: {
        ...{ tags, summary: 'What was written to the students of a live lesson', params },
        ...{ description: 'The newest 200, oldest first.', response: { 200: lessonMessages } },
      },
      handler: async ({ principal, params }) => ({
        messages: await speaking.messages(principal, params.id),
      }),
    })

    app.route({
      method: 'POST',
      url: '/lessons/:id/freeze',
      schema: {
        ...{ tags, summary: 'Freeze all or some students of a live lesson', params, body: chooseStudents },
        description:
          'Every sandbox of theirs in the tenant is paused, also one that is started or wakes later, and no student resumes it, until they are thawed or the lesson ends. Their files stay readable and writable.',
        response: { 200: lessonOutcome },
      },
      handler: async ({ principal, params, body }) => freezing.freeze(principal, params.id, body),
    })
    app.route({
      method: 'POST',
      url: '/lessons/:id/thaw',
      schema: {
        ...{ tags, summary: 'Thaw all or some students of a live lesson', params, body: chooseStudents },
        description:
          'What the lesson has paused is resumed, and what a student had paused stays paused. One who is thawed while all are frozen works alone.',
        response: { 200: lessonOutcome },
      },
      handler: async ({ principal, params, body }) => freezing.thaw(principal, params.id, body),
    })
    app.route({
      method: 'POST',
      url: '/lessons/:id/reset',
      schema: {
        ...{ tags, summary: 'Reset the work of all or some students to the starter', params },
        ...{ body: chooseStudents, response: { 200: lessonOutcome } },
        description:
          'The disk of the sandbox is what its template or snapshot has, with the starter files of the assignment. What was there is kept as a snapshot first; `detail` is its name. A sandbox that runs is restarted for it.',
      },
      handler: async ({ principal, params, body }, reply) =>
        sendWhenReady(reply, resetting.reset(principal, params.id, body), heartbeatMs),
    })
  }

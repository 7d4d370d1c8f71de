import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  addLtiPlatform,
  applyLtiRoster,
  changeLtiPlatform,
  classParams,
  ltiCourseStatus,
  ltiPlatform,
  ltiPlatformList,
  ltiPlatformParams,
  ltiRegistrationLink,
  ltiRosterPreview,
  ltiScoresAgain,
} from '../../protocol/api/index.js'
import { sendWhenReady } from '../http/slow.js'
import type { Lti } from './index.js'

const tags = ['lti']
const done = z.null()

/** `/lti` and `/classes/{id}/course`: what administrators and teachers do with learning platforms. */
export const ltiRoutes =
  ({ platforms, rosters, status }: Lti, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/lti/platforms',
      schema: {
        ...{ tags, summary: 'List learning platforms, with what to enter in them' },
        response: { 200: ltiPlatformList },
      },
      handler: async ({ principal }) => platforms.list(principal),
    })
    app.route({
      method: 'POST',
      url: '/lti/platforms',
      schema: {
        ...{ tags, summary: 'Register a learning platform', body: addLtiPlatform },
        description:
          'Its people are let in by LTI 1.3, each with an account of this tenant: teachers of a course as members, students as students. Nobody becomes an owner, admin or operator by it.',
        response: { 201: ltiPlatform },
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return platforms.add(principal, body)
      },
    })
    app.route({
      method: 'PATCH',
      url: '/lti/platforms/:id',
      schema: {
        ...{
          tags,
          summary: 'Change a learning platform',
          params: ltiPlatformParams,
          body: changeLtiPlatform,
        },
        response: { 200: ltiPlatform },
      },
      handler: async ({ principal, params, body }) => platforms.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/lti/platforms/:id',
      schema: {
        ...{
          tags,
          summary: 'Remove a learning platform',
          params: ltiPlatformParams,
          response: { 204: done },
        },
        description: 'Its courses are not connected any more. Classes, accounts and work stay.',
      },
      handler: async ({ principal, params }, reply) => {
        await platforms.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/lti/registrations',
      schema: {
        ...{ tags, summary: 'Make a link by which a learning platform registers itself' },
        description: 'It works once, within an hour; the newest link of a tenant works alone.',
        response: { 201: ltiRegistrationLink },
      },
      handler: async ({ principal }, reply) => {
        reply.code(201)
        return platforms.invite(principal)
      },
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/course',
      schema: {
        ...{ tags, summary: 'Read the course that a class is connected to', params: classParams },
        response: { 200: ltiCourseStatus },
      },
      handler: async ({ principal, params }) => ({ course: await status.get(principal, params.id) }),
    })
    app.route({
      method: 'DELETE',
      url: '/classes/:id/course',
      schema: {
        ...{ tags, summary: 'Disconnect a class from its course', params: classParams },
        description: 'Its people, their accounts and their work stay. No more points are sent.',
        response: { 204: done },
      },
      handler: async ({ principal, params }, reply) => {
        await status.unbind(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/course/roster/preview',
      schema: {
        ...{ tags, summary: 'Preview the roster of the course', params: classParams },
        description: 'Reads it from the platform. Nothing is changed.',
        response: { 200: ltiRosterPreview },
      },
      handler: async ({ principal, params }, reply) =>
        sendWhenReady(reply, rosters.preview(principal, params.id), heartbeatMs),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/course/roster',
      schema: {
        ...{ tags, summary: 'Apply the roster of the course', params: classParams, body: applyLtiRoster },
        description:
          'Does what the preview with this digest said, or is refused with 409. Whoever is not active in the course any more leaves the class; their work is kept.',
        response: { 200: ltiRosterPreview },
      },
      handler: async ({ principal, params, body }, reply) =>
        sendWhenReady(reply, rosters.apply(principal, params.id, body.digest), heartbeatMs),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/course/scores',
      schema: {
        ...{ tags, summary: 'Send points again that the platform has not taken', params: classParams },
        response: { 200: ltiScoresAgain },
      },
      handler: async ({ principal, params }) => ({ count: await status.sendAgain(principal, params.id) }),
    })
  }

import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { problem } from '../../protocol/api/index.js'
import { sessionCookieName } from '../auth/auth.js'
import { nameComponents } from './components.js'
import { onlyPeople } from './credentials.js'
import { answersWith, type MediaType, takes } from './media-types.js'
import { operationIds, tags } from './operations.js'
import { describeParameter } from './parameters.js'

const apiPrefix = '/api/v1'

/** @throws never; a call without a name is found by the test that lists them all */
export const operationIdOf = (method: string, url: string): string | undefined =>
  operationIds[`${method} ${url.slice(apiPrefix.length)}`]

/**
 * How `/api/openapi.json` is written from the routes: OpenAPI 3.1 with a stable name for each call, named schemas
 * with examples, and the error that every call may answer.
 */
export function describeApi(publicUrl: string): FastifyDynamicSwaggerOptions {
  nameComponents()
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cloche',
        version: '1',
        description: 'Create isolated Linux sandboxes, run programs in them, and manage tenants.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        contact: { name: 'The operator of this server', url: publicUrl },
      },
      servers: [{ url: publicUrl }],
      tags: [...tags],
      security: [{ apiKey: [] }, { session: [] }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of a tenant' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: sessionCookieName(publicUrl),
            description: 'A signed-in user',
          },
        },
      },
    },
    transform: describeRoute,
    transformObject: (input) => tidyComponents(jsonSchemaTransformObject(input)),
  }
}

/** An answer of bytes: OpenAPI 3.1 says by its media type alone what it is. */
const anyBytes = z.unknown()

const describeRoute: NonNullable<FastifyDynamicSwaggerOptions['transform']> = (document) => {
  const { schema, route } = document
  if (schema === undefined || schema.hide === true) return jsonSchemaTransform(document)
  const method = [route.method].flat()[0] ?? 'GET'
  const operationId = operationIdOf(method, document.url)
  const answer = operationId === undefined ? undefined : answersWith[operationId]
  const body = operationId === undefined ? undefined : takes[operationId]
  const responses: Record<string, unknown> = { ...responsesOf(schema.response) }
  if (answer !== undefined) {
    responses[200] = withType(responses[200], answer)
    // A part of a file is of the same type.
    if (responses[206] !== undefined) responses[206] = withType(responses[206], answer)
  }
  const described = jsonSchemaTransform({
    ...document,
    schema: {
      ...schema,
      response: {
        ...responses,
        '4XX': problemAnswer('The call was refused: programs match on `code`'),
        default: problemAnswer('Any other error: programs match on `code`'),
      },
    },
  })
  return {
    ...described,
    schema: {
      ...described.schema,
      ...(operationId === undefined ? {} : { operationId }),
      ...(operationId !== undefined && onlyPeople.has(operationId) ? { security: [{ session: [] }] } : {}),
      ...(body === undefined ? {} : { consumes: [body.type], body: { description: body.description } }),
    },
  }
}

/** Generated clients that know no ranges of statuses read `default`. */
const problemAnswer = (description: string) => ({
  ...{ description, content: { 'application/problem+json': { schema: problem } } },
})

const responsesOf = (response: unknown): Readonly<Record<string, unknown>> =>
  z.record(z.string(), z.unknown()).catch({}).parse(response)

/** Adds a media type to an answer that may have a JSON form as well. */
function withType(json: unknown, { type, description }: MediaType): unknown {
  const isJson = json instanceof z.ZodObject
  return {
    description,
    content: {
      ...(isJson && type === 'text/event-stream' ? { 'application/json': { schema: json } } : {}),
      [type]: { schema: anyBytes },
    },
  }
}

const parameter = z.looseObject({
  name: z.string(),
  description: z.string().optional(),
  schema: z.looseObject({ description: z.string().optional() }).optional(),
})
const operation = z.looseObject({
  parameters: z.array(parameter).optional(),
  responses: z.record(z.string(), z.unknown()),
})

/** The parts of a document that `tidyComponents` looks at. */
const parts = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).default({}) }),
})

const reference = /"#\/components\/schemas\/(\w+)"/g
const statusWords: Readonly<Record<string, string>> = {
  200: 'Success',
  201: 'Created',
  202: 'Accepted',
  204: 'Done; the answer has no body',
}

/**
 * Every named schema is written twice, for bodies with `Input` behind its name and for answers without. Drops what
 * nothing refers to, and gives a schema that is only used in bodies its plain name. Says what each status and each
 * parameter means.
 */
export function tidyComponents<T extends object>(document: T): T {
  const { components, paths, ...rest } = parts.parse(document)
  const { schemas } = components
  const used = new Set<string>()
  const follow = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(reference)) {
      if (used.has(name)) continue
      used.add(name)
      follow(schemas[name] ?? null)
    }
  }
  follow(paths)
  const nameOf = (name: string) => {
    const plain = name.replace(/Input$/, '')
    return used.has(plain) ? name : plain
  }
  const kept = Object.entries(schemas)
    .filter(([name]) => used.has(name))
    .map(([name, one]) => [name, used.has(`${name}Input`) ? withoutExamples(one) : one] as const)
  for (const [path, methods] of Object.entries(paths)) {
    for (const { parameters = [], responses } of Object.values(methods)) {
      for (const one of parameters)
        one.description ??= one.schema?.description ?? describeParameter(path, one.name)
      for (const [status, answer] of Object.entries(responses)) responses[status] = withWords(status, answer)
    }
  }
  const named = { ...components, schemas: Object.fromEntries(kept.map(([name, one]) => [nameOf(name), one])) }
  const text = JSON.stringify({ ...rest, paths, components: named })
  return JSON.parse(text.replaceAll(reference, (_, name: string) => `"#/components/schemas/${nameOf(name)}"`))
}

const withExamples = z.looseObject({ examples: z.unknown() })

/** Examples are of bodies: an answer has the defaults that a body may leave out. */
function withoutExamples(schema: unknown): unknown {
  const parsed = withExamples.safeParse(schema)
  if (!parsed.success) return schema
  const { examples: _, ...rest } = parsed.data
  return rest
}

const described = z.looseObject({ description: z.string() })

/** The generator has one description for all answers that have none. */
function withWords(status: string, answer: unknown): unknown {
  const known = described.safeParse(answer)
  if (!known.success || known.data.description !== 'Default Response') return answer
  return { ...known.data, description: statusWords[status] ?? status }
}

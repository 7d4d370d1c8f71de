import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { metadata } from '../../protocol/api/index.js'
import { readConfig } from '../config.js'
import { openParts } from '../parts.js'
import { createServer } from '../server.js'

const record = z.record(z.string(), z.unknown())
const calls = z.looseObject({
  components: z.looseObject({ schemas: record.optional() }).optional(),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        parameters: z.array(z.looseObject({ name: z.string(), schema: z.unknown() })).optional(),
        responses: z.record(
          z.string(),
          z.looseObject({
            content: z.record(z.string(), z.looseObject({ schema: z.unknown() })).optional(),
          }),
        ),
        requestBody: z
          .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })) })
          .optional(),
      }),
    ),
  ),
})

/** A pattern that no long text matches: it is anchored, and nothing in it may repeat without end. */
const boundsLength = (pattern: unknown) =>
  typeof pattern === 'string' &&
  /^\^.*\$$/s.test(pattern) &&
  !/(?<!\\)[*+]|\{\d+,\}/.test(pattern.replace(/\[[^\]]*\]/g, '.'))

/** The parts of a JSON schema that a caller may fill without end. */
function unbounded(schema: unknown, path: string, named: Record<string, unknown> = {}): string[] {
  const parsed = record.safeParse(schema)
  if (!parsed.success) return []
  const one = parsed.data
  if (typeof one.$ref === 'string') {
    const name = one.$ref.split('/').at(-1) ?? ''
    if (!(name in named)) return [`${path} is ${one.$ref}, which is not there`]
    const { [name]: target, ...rest } = named // a schema that names itself is looked at once
    return unbounded(target, path, { ...rest, [name]: {} })
  }
  const all = z.array(z.unknown()).catch([])
  const found = [...all.parse(one.anyOf), ...all.parse(one.oneOf), ...all.parse(one.allOf)].flatMap((part) =>
    unbounded(part, path, named),
  )
  if (one.enum !== undefined || one.const !== undefined) return found
  if (one.type === 'string' && one.maxLength === undefined && !boundsLength(one.pattern)) found.push(path)
  if (one.type === 'array') {
    if (one.maxItems === undefined) found.push(`${path}[]`)
    found.push(...unbounded(one.items, `${path}[]`, named))
  }
  for (const [name, part] of Object.entries(record.catch({}).parse(one.properties))) {
    found.push(...unbounded(part, `${path}.${name}`, named))
  }
  const more = one.additionalProperties
  if (one.type === 'object' && more !== false) {
    if (one.maxProperties === undefined) found.push(`${path}{}`)
    found.push(...unbounded(more, `${path}{}`, named), ...unbounded(one.propertyNames, `${path}{name}`))
  }
  return found
}

/** What a reference leads to. */
function resolved(schema: unknown, named: Record<string, unknown>): Record<string, unknown> {
  const one = record.catch({}).parse(schema)
  return typeof one.$ref === 'string' ? resolved(named[one.$ref.split('/').at(-1) ?? ''], named) : one
}

/** The fields of an object, also of one that is several together. */
function fieldsOf(schema: unknown, named: Record<string, unknown>): Record<string, unknown> {
  const one = resolved(schema, named)
  const parts = z.array(z.unknown()).catch([]).parse(one.allOf)
  return Object.assign(record.catch({}).parse(one.properties), ...parts.map((part) => fieldsOf(part, named)))
}

/** The schemas of what the lists in an answer have in them. */
const itemsOf = (schema: unknown, named: Record<string, unknown>): unknown[] =>
  Object.values(fieldsOf(schema, named))
    .map((part) => resolved(part, named))
    .filter(({ type }) => type === 'array')
    .map(({ items }) => items)

describe('what a caller may send', () => {
  let openapi: z.infer<typeof calls>

  beforeAll(async () => {
    const config = readConfig({
      DATABASE_URL: 'postgresql://nobody@localhost/nothing',
      CLOCHE_RUNTIME_SOCKET: '/nowhere',
      CLOCHE_SECRET: 'x'.repeat(32),
      NODE_ENV: 'test',
    })
    await using parts = openParts(config, pino({ level: 'silent' }))
    const app = await createServer(parts)
    await app.ready()
    openapi = calls.parse(app.swagger())
    await app.close()
  })

  it('is bounded: every text, list and record of every call', () => {
    const named = openapi.components?.schemas ?? {}
    const found = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, call]) => [
        ...(call.parameters ?? []).flatMap(({ name, schema }) =>
          unbounded(schema, `${method} ${path} ${name}`, named),
        ),
        ...Object.values(call.requestBody?.content ?? {}).flatMap(({ schema }) =>
          unbounded(schema, `${method} ${path} body`, named),
        ),
      ]),
    )
    expect(found).toEqual([])
    expect(Object.keys(openapi.paths).length).toBeGreaterThan(30)
  })

  it('is left out of lists where it may be large', () => {
    const named = openapi.components?.schemas ?? {}
    const large = ['request', 'steps', 'cases', 'env', 'artifacts', 'files', 'dockerfile', 'compose']
    const lists = Object.entries(openapi.paths).flatMap(([path, { get }]) =>
      Object.values(get?.responses['200']?.content ?? {}).flatMap(({ schema }) =>
        itemsOf(schema, named).map((item) => ({ path, fields: Object.keys(fieldsOf(item, named)) })),
      ),
    )
    expect(lists.length).toBeGreaterThan(15)
    const found = lists.flatMap(({ path, fields }) =>
      fields.filter((name) => large.includes(name)).map((name) => `${path} ${name}`),
    )
    // How many steps, not which.
    expect(found).toEqual(['/api/v1/lessons/{id}/students steps'])
    // A run that is read has them.
    const one = openapi.paths['/api/v1/runs/{id}']?.get?.responses['200']?.content?.['application/json']
    expect(Object.keys(fieldsOf(one?.schema, named))).toEqual(expect.arrayContaining(['steps', 'request']))
  })

  it('is looked through by this test', () => {
    const open = z.object({
      text: z.string(),
      list: z.array(z.int()),
      map: z.record(z.string(), z.string()),
      id: z.string().regex(/^a+$/),
    })
    expect(unbounded(z.toJSONSchema(open, { io: 'input' }), 'x')).toEqual(
      expect.arrayContaining(['x.text', 'x.list[]', 'x.map{}', 'x.map{}', 'x.id']),
    )
  })

  it('is counted in bytes, and in entries', () => {
    const entries = (count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, value]))
    expect(metadata.safeParse(entries(64, 'x')).success).toBe(true)
    expect(metadata.safeParse(entries(65, 'x')).success).toBe(false)
    expect(metadata.safeParse(entries(30, 'x'.repeat(512))).success).toBe(true)
    expect(metadata.safeParse(entries(30, 'ü'.repeat(512))).success).toBe(false)
  })
})

import { z } from 'zod'
import {
  errorCode,
  type OpenApiOperation,
  openApi,
  type OpenApiSchema as Schema,
  statusOf,
} from '../../protocol/api/index.js'

/** Writes an OpenAPI document as a page for people. */
export function renderReference(openapi: unknown): string {
  const calls = Object.entries(openApi.parse(withoutReferences(openapi)).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ ...one, path, method: method.toUpperCase() })),
  )
  const names = [...new Set(calls.map((call) => call.tags[0] ?? 'other'))]
  return [
    '# The HTTP API',
    'Written from the OpenAPI 3.1 document that a server gives at `/api/openapi.json`; a test keeps the two alike',
    '(`bin/test server/http -u` writes this page anew). `?` behind a name: it may be left out.',
    'A server shows the same at `/docs/api`, with schemas that open and a form to try calls',
    '([Read and try the API](../how-to/try-the-api.md)).',
    '',
    'A call is made with a session cookie (and then with an `Origin` header) or with `Authorization: Bearer <api key>`.',
    "Bodies are JSON unless a call says otherwise. An id that does not exist and one that is somebody else's answer the",
    'same 404. Errors are `application/problem+json` (RFC 9457); programs match on `code`:',
    '',
    `| code | status |\n|---|---|\n${errorCode.options.map((code) => `| \`${code}\` | ${statusOf[code]} |`).join('\n')}`,
    '',
    'The `title` of an error is in English or, when `Accept-Language` prefers `zh`, in Simplified Chinese; `Content-Language`',
    'says which. `code`, `detail` and `errors` are the same in both.',
    '',
    ...names.flatMap((name) => [
      `## ${name}`,
      '',
      ...calls.filter((call) => (call.tags[0] ?? 'other') === name).map(renderCall),
    ]),
  ].join('\n')
}

const referring = z.object({ $ref: z.string() })
const anything = z.record(z.string(), z.unknown())

/** The document with each reference to a named schema replaced by the schema itself; none refers to itself. */
function withoutReferences(openapi: unknown): unknown {
  const { components } = z.looseObject({ components: z.looseObject({ schemas: anything }) }).parse(openapi)
  const resolve = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(resolve)
    const reference = referring.safeParse(part)
    if (reference.success) return resolve(components.schemas[reference.data.$ref.split('/').at(-1) ?? ''])
    const object = anything.safeParse(part)
    if (!object.success) return part
    return Object.fromEntries(Object.entries(object.data).map(([name, value]) => [name, resolve(value)]))
  }
  return resolve(openapi)
}

function renderCall(call: OpenApiOperation & { path: string; method: string }): string {
  const body = Object.values(call.requestBody?.content ?? {})[0]?.schema
  const queries = call.parameters.filter((one) => one.in === 'query' || one.in === 'header')
  const answers = Object.entries(call.responses).filter(([code]) => code.startsWith('2'))
  return [
    `### ${call.method} ${call.path}`,
    '',
    `${call.summary}.${call.description === undefined ? '' : ` ${call.description}`}`,
    '',
    ...queries.map((one) =>
      renderField(one.name, { ...one.schema, description: one.description }, one.required === true),
    ),
    ...(body === undefined ? [] : renderFields('body', body)),
    ...renderAnswers(
      answers.map(([status, { content: of = {} }]) => ({ status, of: Object.values(of)[0]?.schema })),
    ),
    '',
  ].join('\n')
}

/** Every status of a success; those with the same body on one line. */
function renderAnswers(answers: { status: string; of: Schema | undefined }[]): string[] {
  const words = new Map<string, string[]>()
  for (const { status, of } of answers) {
    const body = of === undefined || of.type === 'null' ? '' : `: ${typeOf(of)}`
    words.set(body, [...(words.get(body) ?? []), status])
  }
  return [...words].map(([body, statuses]) => `- answers ${statuses.join(' or ')}${body}`)
}

function renderFields(name: string, of: Schema): string[] {
  if (of.properties === undefined) return [`- ${name}: ${typeOf(of)}`]
  return Object.entries(of.properties).map(([key, value]) =>
    renderField(key, value, of.required?.includes(key) === true && value.default === undefined),
  )
}

function renderField(name: string, of: Schema, required: boolean): string {
  const preset = of.default === undefined ? '' : ` = ${JSON.stringify(of.default)}`
  const words = of.description === undefined ? '' : `: ${of.description}`
  return `- \`${name}${required ? '' : '?'}\` ${typeOf(of)}${preset}${words}`
}

/** A type in few words, such as `{id, name}[]` or `"none" | "internet"`. */
function typeOf(of: Schema, depth = 0): string {
  if (of.const !== undefined) return `\`${JSON.stringify(of.const)}\``
  if (of.enum !== undefined) return of.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ')
  if (of.anyOf !== undefined) return [...new Set(of.anyOf.map((one) => typeOf(one, depth)))].join(' or ')
  if (of.items !== undefined) return `list of ${typeOf(of.items, depth)}`
  if (of.properties !== undefined) {
    const keys = Object.entries(of.properties).map(
      ([key, value]) =>
        `${key}${value.properties !== undefined && depth < 2 ? ` ${typeOf(value, depth + 1)}` : ''}`,
    )
    return `{${keys.join(', ')}}`
  }
  const range = [of.minimum, of.maximum].every(
    (bound) => typeof bound === 'number' && Math.abs(bound) < 2 ** 50,
  )
    ? ` ${of.minimum} to ${of.maximum}`
    : ''
  const type = Array.isArray(of.type) ? of.type.join(' or ') : of.type
  return `${type ?? 'bytes'}${range}`
}

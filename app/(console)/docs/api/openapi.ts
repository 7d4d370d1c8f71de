import '../../../lib/jitless'
import { z } from 'zod'

/** The parts of an OpenAPI 3.1 document that the reference page shows. */
export interface Schema {
  $ref?: string | undefined
  type?: string | string[] | undefined
  description?: string | undefined
  enum?: unknown[] | undefined
  const?: unknown
  default?: unknown
  properties?: Record<string, Schema> | undefined
  required?: string[] | undefined
  items?: Schema | undefined
  anyOf?: Schema[] | undefined
  examples?: unknown[] | undefined
  minimum?: number | undefined
  maximum?: number | undefined
}
const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    default: z.unknown().optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    items: schema.optional(),
    anyOf: z.array(schema).optional(),
    examples: z.array(z.unknown()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
)

const content = z.record(z.string(), z.object({ schema: schema.optional() })).optional()
const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().optional(),
        description: z.string().optional(),
        schema,
      }),
    )
    .default([]),
  requestBody: z.object({ content, description: z.string().optional() }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content })),
})
export type Operation = z.infer<typeof operation>
export type Parameter = Operation['parameters'][number]

export const openApi = z.object({
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
})
export type OpenApi = z.infer<typeof openApi>

/** One call of the API. */
export interface ApiCall extends Operation {
  readonly method: string
  readonly path: string
}

/** The calls of one group, in the order of the document. */
export const callsOf = ({ paths }: OpenApi, tag: string): readonly ApiCall[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, one]) => one.tags.includes(tag))
      .map(([method, one]) => ({ ...one, method: method.toUpperCase(), path })),
  )

/** Whether a call is about what somebody searches for. */
export function isAbout(call: ApiCall, words: string): boolean {
  const text = `${call.operationId} ${call.method} ${call.path} ${call.summary}`.toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

/** The schema that a reference names, or the schema itself. */
export function resolve(api: OpenApi, of: Schema): Schema {
  const name = nameOf(of)
  return (name === undefined ? undefined : api.components.schemas[name]) ?? of
}

/** Of a reference: the name of its schema. */
export const nameOf = ({ $ref }: Schema): string | undefined => $ref?.split('/').at(-1)

/** A type in few words, such as `list of Sandbox`, `"none" or "internet"` or `integer, 1 to 200`. */
export function typeOf(of: Schema): string {
  const name = nameOf(of)
  if (name !== undefined) return name
  if (of.const !== undefined) return JSON.stringify(of.const)
  if (of.enum !== undefined) return of.enum.map((value) => JSON.stringify(value)).join(' or ')
  if (of.anyOf !== undefined) return [...new Set(of.anyOf.map(typeOf))].join(' or ')
  if (of.items !== undefined) return `list of ${typeOf(of.items)}`
  if (of.properties !== undefined) return `{ ${Object.keys(of.properties).join(', ')} }`
  const { minimum, maximum } = of
  const isBounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  const type = Array.isArray(of.type) ? of.type.join(' or ') : (of.type ?? 'any')
  return isBounded ? `${type}, ${minimum} to ${maximum}` : type
}

/** A request that can be pasted into a shell: the key is read from a variable, so that none is in the history. */
export function curlOf(api: OpenApi, call: ApiCall): string {
  const needed = call.parameters.filter((one) => one.in === 'query' && one.required)
  const query = needed.map(({ name }) => `${name}=${name.toUpperCase()}`).join('&')
  const path = call.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase())
  const url = `${api.servers[0]?.url ?? ''}${path}${query === '' ? '' : `?${query}`}`
  const lines = [`curl -X ${call.method} '${url}'`, '-H "Authorization: Bearer $CLOCHE_API_KEY"']
  const [[type, body] = []] = Object.entries(call.requestBody?.content ?? {})
  if (type === 'application/json' && body?.schema !== undefined) {
    const example = JSON.stringify(resolve(api, body.schema).examples?.[0] ?? {})
    lines.push(`-H 'Content-Type: ${type}'`, `-d '${example.replaceAll("'", String.raw`'\''`)}'`)
  } else if (type !== undefined) lines.push(`-H 'Content-Type: ${type}'`, '--data-binary @FILE')
  return lines.join(' \\\n  ')
}

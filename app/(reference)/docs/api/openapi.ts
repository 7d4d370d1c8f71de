import type { OpenApi, OpenApiOperation, OpenApiSchema as Schema } from '../../../lib/protocol-openapi'

/** One call of the API. */
export interface ApiCall extends OpenApiOperation {
  readonly method: string
  readonly path: string
}

/** Every call, in the order of the document. */
export const allCalls = ({ paths }: OpenApi): readonly ApiCall[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ ...one, method: method.toUpperCase(), path })),
  )

/** The calls of one group, in the order of the document. */
export const callsOf = (api: OpenApi, tag: string): readonly ApiCall[] =>
  allCalls(api).filter(({ tags }) => tags.includes(tag))

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

/** What a call takes as its body, and what of it is known; undefined where it takes none. */
export function bodyOf({ requestBody }: ApiCall): { type: string; schema: Schema } | undefined {
  const [[type, json] = []] = Object.entries(requestBody?.content ?? {})
  return type === undefined ? undefined : { type, schema: json?.schema ?? {} }
}

/** What whoever makes a call shows of themselves. */
export type Credential = 'none' | 'session' | 'key'

/** A key wherever one is taken; a session as well then. */
export function credentialOf({ security }: ApiCall): Credential {
  if (security === undefined || security.some((one) => 'apiKey' in one)) return 'key'
  return security.length === 0 ? 'none' : 'session'
}

/** The media types of the answers of a call that went well. */
export const answerTypesOf = ({ responses }: ApiCall): readonly string[] => [
  ...new Set(
    Object.entries(responses)
      .filter(([status]) => status.startsWith('2'))
      .flatMap(([, { content }]) => Object.keys(content ?? {})),
  ),
]

/** A type in few words, such as `list of Sandbox`, `"none" or "internet"` or `integer, 1 to 200`. */
export function typeOf(of: Schema): string {
  const name = nameOf(of)
  if (name !== undefined) return name
  if (of.const !== undefined) return JSON.stringify(of.const)
  if (of.enum !== undefined) return of.enum.map((value) => JSON.stringify(value)).join(' or ')
  const either = of.anyOf ?? of.oneOf
  if (either !== undefined) return [...new Set(either.map(typeOf))].join(' or ')
  if (of.items !== undefined) return `list of ${typeOf(of.items)}`
  if (of.properties !== undefined) return `{ ${Object.keys(of.properties).join(', ')} }`
  const { minimum, maximum, additionalProperties: values } = of
  if (typeof values === 'object' && Object.keys(values).length > 0) return `map of ${typeOf(values)}`
  const isBounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  const type = Array.isArray(of.type) ? of.type.join(' or ') : (of.type ?? 'any')
  return isBounded ? `${type}, ${minimum} to ${maximum}` : type
}

/** A field of an object, or one of the forms that something may have. */
export interface SchemaField {
  readonly name: string
  readonly of: Schema
  /** Undefined for a form, which is no field. */
  readonly required: boolean | undefined
}

/**
 * What there is to see below a schema: its fields, or those of what a list or a map is of. Where it may have several forms that
 * have fields, the forms. A schema may contain itself, so callers look only one level down at a time.
 */
export function fieldsBelow(api: OpenApi, of: Schema): readonly SchemaField[] {
  const { properties, required = [], items, anyOf, oneOf, allOf, additionalProperties } = resolve(api, of)
  if (properties !== undefined) {
    return Object.entries(properties).map(([name, field]) => ({
      ...{ name, of: field },
      required: required.includes(name) && field.default === undefined,
    }))
  }
  if (items !== undefined) return fieldsBelow(api, items)
  const forms = (anyOf ?? oneOf ?? allOf ?? []).filter((form) => fieldsBelow(api, form).length > 0)
  if (forms.length > 1) return forms.map((form) => ({ name: typeOf(form), of: form, required: undefined }))
  if (forms[0] !== undefined) return fieldsBelow(api, forms[0])
  return typeof additionalProperties === 'object' ? fieldsBelow(api, additionalProperties) : []
}

/** How deep a body is made up that has no example. */
const depthMax = 4

/** Something that a schema could take: its own example, or what must be in it. */
export function exampleOf(api: OpenApi, of: Schema, depth = 0): unknown {
  const schema = resolve(api, of)
  const known = schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0]
  if (known !== undefined) return known
  const form = (schema.anyOf ?? schema.oneOf ?? schema.allOf)?.[0]
  if (form !== undefined && schema.type === undefined) return exampleOf(api, form, depth + 1)
  if (schema.properties !== undefined) {
    if (depth >= depthMax) return {}
    const { required = [], properties } = schema
    return Object.fromEntries(
      Object.entries(properties)
        .filter(([name, field]) => required.includes(name) && field.default === undefined)
        .map(([name, field]) => [name, exampleOf(api, field, depth + 1)]),
    )
  }
  switch ([schema.type].flat()[0]) {
    case 'array':
      return []
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0)
    case 'null':
      return null
    case 'string':
      return ''
    default:
      return {}
  }
}

import type { OpenApi, OpenApiOperation, OpenApiSchema as Schema } from '../../../lib/protocol-openapi'

/** One call of the API. */
export interface ApiCall extends OpenApiOperation {
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

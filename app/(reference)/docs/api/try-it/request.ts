import { findNodeAtLocation, type ParseError, parse, parseTree } from 'jsonc-parser'
import type { OpenApiParameter, OpenApiSchema as Schema } from '../../../../lib/protocol-openapi'
import { TextError } from '../../../../lib/text-error'
import { type ApiCall, bodyOf } from '../openapi'

/** What somebody has filled in to try a call. */
export interface Draft {
  /** By `keyOf`; a parameter that is absent or empty is not sent. */
  readonly values: Readonly<Record<string, string>>
  /** A body that is JSON, as text. */
  readonly body: string
  /** A body that is bytes. */
  readonly file: Blob | null
  /** The media type that is asked for; empty where there is no choice. */
  readonly accept: string
}

/** Tells parameters of one name in the path, the query and the headers apart. */
export const keyOf = (of: Pick<OpenApiParameter, 'in' | 'name'>) => `${of.in} ${of.name}`

/** Where in a body something is, for a person who looks for it. */
export interface Place {
  readonly line: number
  readonly offset: number
  readonly length: number
}

/** What is wrong with a draft, before it is sent: by `keyOf` of the parameter. The server checks it all again. */
export function wrongValues(call: ApiCall, { values }: Draft): ReadonlyMap<string, TextError> {
  const wrong = new Map<string, TextError>()
  for (const one of call.parameters) {
    const key = keyOf(one)
    const value = values[key] ?? ''
    if (value !== '') {
      const error = unsendable(one.in, value) ?? wrongValue(one.schema, value)
      if (error) wrong.set(key, error)
    } else if (one.required) wrong.set(key, new TextError('reference.tryIt.required'))
  }
  return wrong
}

/** What would end up elsewhere: an address is without `..` before it is sent, and headers are ASCII. */
function unsendable(place: OpenApiParameter['in'], value: string): TextError | undefined {
  if (place === 'path' && /^\.\.?$/.test(value)) return new TextError('reference.tryIt.dots', { value })
  if (place === 'header' && !/^[\x20-\x7e]*$/.test(value)) return new TextError('reference.tryIt.ascii')
  return undefined
}

function wrongValue(of: Schema, value: string): TextError | undefined {
  if (of.type === 'integer' || of.type === 'number') {
    const number = Number(value)
    const isNumber = value.trim() !== '' && Number.isFinite(number)
    if (!isNumber || (of.type === 'integer' && !Number.isInteger(number))) {
      return new TextError(of.type === 'integer' ? 'reference.tryIt.integer' : 'reference.tryIt.number')
    }
    const { minimum = -Infinity, maximum = Infinity } = of
    if (number < minimum) return new TextError('reference.tryIt.least', { value: String(minimum) })
    if (number > maximum) return new TextError('reference.tryIt.most', { value: String(maximum) })
  }
  const patterns = [of, ...(of.allOf ?? [])].flatMap(({ pattern }) => pattern ?? [])
  const broken = patterns.find((pattern) => !matches(pattern, value))
  return broken === undefined ? undefined : new TextError('reference.tryIt.pattern', { value: broken })
}

/** A pattern that this browser does not know is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    return true
  }
}

/** What is wrong with a body as JSON, and where; undefined where it is JSON. */
export function wrongBody(body: string): Place | undefined {
  const errors: ParseError[] = []
  parse(body, errors, { disallowComments: true, allowEmptyContent: false })
  const [first] = errors
  return first === undefined ? undefined : placeAt(body, first.offset, first.length)
}

/**
 * Where the field is that the API names, such as `limits.memoryMiB` or `files.0.path`; the nearest part around it where it
 * is not there.
 */
export function placeOf(body: string, field: string): Place | undefined {
  const root = parseTree(body)
  if (root === undefined) return undefined
  const steps = field.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  for (let depth = steps.length; depth >= 0; depth -= 1) {
    const node = findNodeAtLocation(root, steps.slice(0, depth))
    if (node !== undefined) return placeAt(body, node.offset, node.length)
  }
  return undefined
}

const placeAt = (body: string, offset: number, length: number): Place => ({
  ...{ line: body.slice(0, offset).split('\n').length, offset, length },
})

/** The request of a draft in which nothing is wrong, with the session of the page. */
export function requestOf(call: ApiCall, draft: Draft): { readonly url: string; readonly init: RequestInit } {
  const given = call.parameters.flatMap((one) => {
    const value = draft.values[keyOf(one)] ?? ''
    return value === '' ? [] : [{ ...one, value }]
  })
  const path = call.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(given.find((one) => one.in === 'path' && one.name === name)?.value ?? ''),
  )
  const query = new URLSearchParams(
    given.filter((one) => one.in === 'query').map(({ name, value }) => [name, value]),
  ).toString()
  const headers = new Headers()
  for (const one of given) if (one.in === 'header') headers.set(one.name, one.value)
  if (draft.accept !== '') headers.set('accept', draft.accept)
  const init: RequestInit = { method: call.method, headers, credentials: 'same-origin' }
  const body = bodyOf(call)
  if (body !== undefined && body.type !== 'application/json') {
    headers.set('content-type', body.type)
    init.body = draft.file
  } else if (call.method !== 'GET') {
    // Everything that changes something sends JSON: the server wants the type.
    headers.set('content-type', 'application/json')
    init.body = body === undefined ? '{}' : draft.body
  }
  return { url: `${path}${query === '' ? '' : `?${query}`}`, init }
}

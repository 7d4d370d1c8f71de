import { describe, expect, it } from 'vitest'
import { openApi } from '../../../../lib/protocol-openapi.js'
import { allCalls } from '../openapi.js'
import { textOf } from './exchange.js'
import { type Draft, placeOf, requestOf, wrongBody, wrongValues } from './request.js'

const [list, create, write] = allCalls(
  openApi.parse({
    ...{ tags: [], servers: [], components: { schemas: {} } },
    paths: {
      '/api/v1/sandboxes/{id}/things': {
        get: {
          ...{ operationId: 'list', summary: 'List', responses: {} },
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^sb_\\w+$' } },
            { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 200 } },
            { name: 'if-match', in: 'header', schema: { type: 'string' } },
          ],
        },
        post: {
          ...{ operationId: 'create', summary: 'Create', responses: {} },
          requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        },
        put: {
          ...{ operationId: 'write', summary: 'Write', responses: {} },
          requestBody: { content: { 'application/octet-stream': {} } },
        },
      },
    },
  }),
)
if (list === undefined || create === undefined || write === undefined) throw new Error('three calls')
const draft = (part: Partial<Draft>): Draft => ({ values: {}, body: '', file: null, accept: '', ...part })

describe('a call that is tried', () => {
  it('names what is wrong with a parameter before it is sent', () => {
    const wrong = (values: Draft['values']) =>
      [...wrongValues(list, draft({ values }))].map(([key, { text }]) => `${key}: ${text}`)
    expect(wrong({})).toEqual(['path id: reference.tryIt.required'])
    expect(wrong({ 'path id': 'sb_1', 'query limit': '20' })).toEqual([])
    expect(wrong({ 'path id': 'vl_1', 'query limit': '201' })).toEqual([
      'path id: reference.tryIt.pattern',
      'query limit: reference.tryIt.most',
    ])
    expect(wrong({ 'path id': 'sb_1', 'query limit': '1.5' })).toEqual([
      'query limit: reference.tryIt.integer',
    ])
    expect(wrong({ 'path id': '..', 'header if-match': 'é' })).toEqual([
      'path id: reference.tryIt.dots',
      'header if-match: reference.tryIt.ascii',
    ])
    expect(wrong({ 'path id': 'sb_1', 'query limit': '0' })).toEqual(['query limit: reference.tryIt.least'])
  })

  it('sends what is filled in, where it belongs, and nothing that could leave the path', () => {
    const values = { 'path id': '../../admin?x#y', 'query limit': '5', 'header if-match': '"a"' }
    const { url, init } = requestOf(list, draft({ values, accept: 'text/csv' }))
    expect(url).toBe('/api/v1/sandboxes/..%2F..%2Fadmin%3Fx%23y/things?limit=5')
    expect(Object.fromEntries(new Headers(init.headers))).toEqual({ 'if-match': '"a"', accept: 'text/csv' })
    expect(init.body).toBeUndefined()
  })

  it('sends JSON as it was written, and bytes as a file', async () => {
    const json = requestOf(create, draft({ body: '{ "a": 1 }' })).init
    expect(json).toMatchObject({ method: 'POST', body: '{ "a": 1 }', credentials: 'same-origin' })
    expect(new Headers(json.headers).get('content-type')).toBe('application/json')
    const file = new Blob(['bytes'])
    const bytes = requestOf(write, draft({ file })).init
    expect(bytes.body).toBe(file)
    expect(new Headers(bytes.headers).get('content-type')).toBe('application/octet-stream')
  })

  it('finds where a body is no JSON, and where a field of it is that the server names', () => {
    const body = '{\n  "limits": {\n    "cpus": -1\n  },\n  "files": [{ "path": "" }]\n}'
    expect(wrongBody(body)).toBeUndefined()
    expect(wrongBody('{\n  "a": ,\n}')?.line).toBe(2)
    expect(wrongBody('')?.line).toBe(1)
    const place = placeOf(body, 'limits.cpus')
    expect([place?.line, body.slice(place?.offset, (place?.offset ?? 0) + (place?.length ?? 0))]).toEqual([
      3,
      '-1',
    ])
    expect(placeOf(body, 'files.0.path')?.line).toBe(5)
    expect(placeOf(body, 'limits.memoryMiB')?.line, 'what is missing, where it belongs').toBe(2)
  })

  it('shows text as text, JSON laid out, and bytes not at all', () => {
    const bytes = (text: string) => new TextEncoder().encode(text)
    expect(textOf([bytes('{"a"'), bytes(':1}')], 'application/json')).toBe('{\n  "a": 1\n}')
    expect(textOf([bytes('{"a"')], 'application/json'), 'cut off').toBe('{"a"')
    expect(textOf([bytes('é').subarray(0, 1), bytes('é').subarray(1)], 'text/csv')).toBe('é')
    expect(textOf([bytes('aé').subarray(0, 2)], 'text/csv'), 'half a character').toBe('a')
    expect(textOf([new Uint8Array([0xff, 0xfe, 0])], 'application/octet-stream')).toBeNull()
    expect(textOf([bytes('a\0b')], 'application/octet-stream')).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { openApi } from '../../../lib/protocol-openapi.js'
import { type ApiCall, callsOf, curlOf, isAbout, typeOf } from './openapi.js'

const api = openApi.parse({
  tags: [{ name: 'sandboxes', description: 'Sandboxes' }],
  servers: [{ url: 'https://cloche.example' }],
  components: { schemas: { Create: { type: 'object', examples: [{ name: "it's" }] } } },
  paths: {
    '/api/v1/sandboxes': {
      post: {
        ...{ operationId: 'createSandbox', summary: 'Create a sandbox', tags: ['sandboxes'] },
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Create' } } } },
        responses: { 201: { description: 'Created' } },
      },
    },
    '/api/v1/sandboxes/{id}/files': {
      put: {
        ...{ operationId: 'writeFile', summary: 'Write a file', tags: ['sandboxes'] },
        parameters: [{ name: 'path', in: 'query', required: true, schema: { type: 'string' } }],
        requestBody: { content: { 'application/octet-stream': {} } },
        responses: { 204: { description: 'Done' } },
      },
    },
  },
})
const calls = callsOf(api, 'sandboxes')
const called = (id: string): ApiCall => {
  const found = calls.find(({ operationId }) => operationId === id)
  if (found === undefined) throw new Error(`no ${id}`)
  return found
}

describe('the API reference', () => {
  it('shows a request that can be pasted, with its example quoted for a shell', () => {
    expect(curlOf(api, called('createSandbox'))).toBe(
      [
        "curl -X POST 'https://cloche.example/api/v1/sandboxes' \\",
        '  -H "Authorization: Bearer $CLOCHE_API_KEY" \\',
        "  -H 'Content-Type: application/json' \\",
        `  -d '{"name":"it'\\''s"}'`,
      ].join('\n'),
    )
    expect(curlOf(api, called('writeFile'))).toContain("/sandboxes/ID/files?path=PATH'")
  })

  it('finds calls by any part of their name, address or summary', () => {
    const about = (words: string) => calls.filter((call) => isAbout(call, words)).map(({ path }) => path)
    expect(about('create')).toEqual(['/api/v1/sandboxes'])
    expect(about('PUT file')).toEqual(['/api/v1/sandboxes/{id}/files'])
    expect(about('')).toHaveLength(2)
    expect(about('nothing')).toEqual([])
  })

  it.each([
    [{ $ref: '#/components/schemas/Create' }, 'Create'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Create' } }, 'list of Create'],
    [{ type: 'integer', minimum: 1, maximum: 200 }, 'integer, 1 to 200'],
    [{ anyOf: [{ enum: ['none'] }, { type: 'null' }] }, '"none" or null'],
  ])('says a type in few words: %j', (schema, words) => {
    expect(typeOf(schema)).toBe(words)
  })
})

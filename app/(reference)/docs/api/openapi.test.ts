import { describe, expect, it } from 'vitest'
import { openApi } from '../../../lib/protocol-openapi.js'
import { curlOf, pythonOf, typescriptOf } from './examples.js'
import { type ApiCall, answerTypesOf, callsOf, exampleOf, fieldsBelow, isAbout, typeOf } from './openapi.js'

const api = openApi.parse({
  tags: [{ name: 'sandboxes', description: 'Sandboxes' }],
  servers: [{ url: 'https://cloche.example' }],
  components: {
    schemas: {
      Create: { type: 'object', examples: [{ name: "it's", fast: true }] },
      Node: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          kind: { enum: ['file', 'directory'] },
          depth: { type: 'integer', minimum: 1 },
          mode: { type: 'string', default: '644' },
          children: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
          owner: { anyOf: [{ type: 'object', properties: { id: { type: 'string' } } }, { type: 'null' }] },
        },
        required: ['name', 'kind', 'depth', 'mode', 'children', 'owner'],
      },
    },
  },
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
      get: {
        ...{ operationId: 'searchFiles', summary: 'Search', tags: ['sandboxes'], security: [] },
        parameters: [{ name: 'query', in: 'query', required: true, schema: { type: 'string' } }],
        responses: {
          200: { description: 'Events', content: { 'text/event-stream': {} } },
          default: { description: 'Error', content: { 'application/problem+json': {} } },
        },
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
        `  -d '{"name":"it'\\''s","fast":true}'`,
      ].join('\n'),
    )
    expect(curlOf(api, called('writeFile'))).toContain("/sandboxes/ID/files?path=PATH'")
  })

  it('shows the same in Python, as Python writes values', () => {
    expect(pythonOf(api, called('createSandbox'))).toBe(
      [
        ...['import os', '', 'import requests', '', 'response = requests.post('],
        "    'https://cloche.example/api/v1/sandboxes',",
        `    headers={'Authorization': f"Bearer {os.environ['CLOCHE_API_KEY']}"},`,
        `    json={"name": "it's", "fast": True},`,
        ...[')', 'response.raise_for_status()'],
      ].join('\n'),
    )
    const search = pythonOf(api, called('searchFiles'))
    expect(search).toContain('stream=True')
    expect(search, 'it needs no key').not.toContain('os')
  })

  it('shows the method of the TypeScript SDK, or a request where it has none', () => {
    const write = typescriptOf(api, called('writeFile'))
    expect(write).toContain('const sandbox = cloche.sandboxes.at(id)')
    expect(write).toContain('await sandbox.files.write(path, content')
    const none = { ...called('createSandbox'), operationId: 'notInTheSdk' }
    expect(typescriptOf(api, none)).toContain("await fetch('https://cloche.example/api/v1/sandboxes', {")
  })

  it('shows a cookie where no key is taken, and nothing where anybody may call', () => {
    const own = { ...called('createSandbox'), security: [{ session: [] }] }
    expect(curlOf(api, own)).toContain('-H "Cookie: $CLOCHE_COOKIE"')
    expect([curlOf(api, own), pythonOf(api, own), typescriptOf(api, own)].join()).not.toContain('API_KEY')
    expect(curlOf(api, called('searchFiles'))).not.toContain('-H')
  })

  it('shows the fields of a schema one level at a time, though it contains itself', () => {
    const node = { $ref: '#/components/schemas/Node' }
    const fields = fieldsBelow(api, node)
    const [children, owner] = ['children', 'owner'].map((name) => fields.find((one) => one.name === name))
    expect(fields.map(({ name, required }) => [name, required])).toContainEqual(['mode', false])
    expect(fieldsBelow(api, children?.of ?? {})).toEqual(fields)
    expect(fieldsBelow(api, owner?.of ?? {}).map(({ name }) => name)).toEqual(['id'])
    expect(fieldsBelow(api, { type: 'string' })).toEqual([])
  })

  it('makes up a body of what is required, and takes the example where there is one', () => {
    const made = { name: '', kind: 'file', depth: 1, children: [], owner: {} }
    expect(exampleOf(api, { $ref: '#/components/schemas/Node' })).toEqual(made)
    expect(exampleOf(api, { $ref: '#/components/schemas/Create' })).toEqual({ name: "it's", fast: true })
  })

  it('knows the forms of an answer that went well', () => {
    expect(answerTypesOf(called('searchFiles'))).toEqual(['text/event-stream'])
    expect(answerTypesOf(called('createSandbox'))).toEqual([])
  })

  it('finds calls by any part of their name, address or summary', () => {
    const about = (words: string) => calls.filter((call) => isAbout(call, words)).map(({ path }) => path)
    expect(about('create')).toEqual(['/api/v1/sandboxes'])
    expect(about('PUT file')).toEqual(['/api/v1/sandboxes/{id}/files'])
    expect(about('')).toHaveLength(3)
    expect(about('nothing')).toEqual([])
  })

  it.each([
    [{ $ref: '#/components/schemas/Create' }, 'Create'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 'map of string'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Create' } }, 'list of Create'],
    [{ type: 'integer', minimum: 1, maximum: 200 }, 'integer, 1 to 200'],
    [{ anyOf: [{ enum: ['none'] }, { type: 'null' }] }, '"none" or null'],
  ])('says a type in few words: %j', (schema, words) => {
    expect(typeOf(schema)).toBe(words)
  })
})

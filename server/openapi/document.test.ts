import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApiOfServer } from '../../testing/openapi.js'
import { actionOf } from '../access-matrix/actions.js'
import { permissions } from '../auth/permissions.js'
import { examplesOf } from './components.js'
import { operationIds, tags } from './operations.js'

const operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(1),
  tags: z.array(z.string()).length(1),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z.array(z.looseObject({ name: z.string(), description: z.string().min(1) })).default([]),
  responses: z.record(z.string(), z.looseObject({ description: z.string() })),
})
const document = z.looseObject({
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
})

describe('the OpenAPI document', () => {
  let api: z.infer<typeof document>
  let text: string

  beforeAll(async () => {
    const written = await openApiOfServer()
    text = JSON.stringify(written)
    api = document.parse(written)
  })

  const operations = () => Object.values(api.paths).flatMap((methods) => Object.values(methods))

  it('names every call, each by one name, and no call that there is not', () => {
    const ids = operations().map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(Object.values(operationIds).toSorted())
  })

  it('describes the groups that calls are in', () => {
    expect(api.tags).toEqual(tags)
    const known = tags.map(({ name }) => name)
    for (const { operationId, tags } of operations()) expect(known, operationId).toContain(tags[0])
  })

  it('says of every call what an error looks like', () => {
    for (const { operationId, responses } of operations()) {
      for (const error of [responses['4XX'], responses.default]) {
        expect(JSON.stringify(error), operationId).toContain('#/components/schemas/Problem')
      }
    }
  })

  it('says what each call wants: nothing, a session, or a session or a key, as permissions decide', () => {
    const wanted = (operationId: string) => {
      const action = actionOf[operationId]
      if (action === undefined) throw new Error(`${operationId} has no action`)
      const { of, to } = action === null ? { of: null, to: [] } : permissions[action]
      // An operator's key may what its operator may.
      const takesKeys = of === 'installation' || to.some((standing) => /Key$/.test(standing))
      return action === null ? [] : takesKeys ? undefined : [{ session: [] }]
    }
    expect(operations().map(({ operationId, security }) => [operationId, security])).toEqual(
      operations().map(({ operationId }) => [operationId, wanted(operationId)]),
    )
  })

  it('says of every answer of bytes that it is bytes, and what to send to the calls that change something', () => {
    for (const { operationId, responses } of operations()) {
      expect(JSON.stringify(responses), operationId).not.toMatch(
        /the bytes themselves|"application\/json":{"schema":{}}/,
      )
    }
    for (const operationId of ['importRoster', 'pushFile', 'replaceAssignmentFiles', 'sendStdin']) {
      const [one] = operations().filter((each) => each.operationId === operationId)
      expect(one?.requestBody, operationId).toBeDefined()
    }
  })

  it('has a name for the body of every call, and each reference leads somewhere', () => {
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
    expect([...new Set(references)].toSorted()).toEqual(Object.keys(api.components.schemas).toSorted())
    for (const { operationId, requestBody } of operations()) {
      const body = JSON.stringify(requestBody ?? {})
      if (body.includes('application/json')) expect(body, operationId).toContain('"schema":{"$ref"')
    }
  })

  it.each(examplesOf())('has an example of $name that the server accepts', ({ schema, example }) => {
    expect(schema.safeParse(example)).toMatchObject({ success: true })
  })
})

import { createConfig, lintFromString } from '@redocly/openapi-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApiOfServer } from '../../testing/openapi.js'

/** What the rules say and is left as it is, each with its reason. */
const accepted: readonly { readonly rule: string; readonly at: string; readonly reason: string }[] = [
  {
    rule: 'no-ambiguous-paths',
    at: '#/paths/~1api~1v1~1admin~1quarantine~1disks~1{id}',
    reason: 'the id of an entry has a prefix, so none is `disks`; another path would break clients',
  },
]

/** Rules that the recommended set leaves off, and that this document keeps. */
const stricter = {
  'info-contact': 'error',
  'operation-singular-tag': 'error',
  'operation-tag-defined': 'error',
  'parameter-description': 'error',
} as const

/** Lints a document by the recommended rules and those above. Reads nothing else, of disk or network. */
async function problemsOf(document: unknown): Promise<readonly string[]> {
  const config = await createConfig({ extends: ['recommended'], rules: stricter })
  const problems = await lintFromString({
    ...{ source: JSON.stringify(document), absoluteRef: '/openapi.json', config },
  })
  return problems.map(
    ({ ruleId, location, message }) => `${ruleId} at ${location[0]?.pointer}: ${message.split('\n')[0]}`,
  )
}

describe('the OpenAPI document, by a linter', () => {
  let document: unknown
  beforeAll(async () => {
    document = await openApiOfServer()
  })

  it('keeps the recommended rules, but where a reason is given', async () => {
    const known = ({ rule, at }: { rule: string; at: string }) => `${rule} at ${at}: `
    const problems = await problemsOf(document)
    expect(problems.filter((one) => !accepted.some((each) => one.startsWith(known(each))))).toEqual([])
    // A reason goes when what it was for has gone.
    for (const each of accepted)
      expect(
        problems.some((one) => one.startsWith(known(each))),
        each.at,
      ).toBe(true)
  })

  it('is really looked at: what is broken is found', async () => {
    const broken = { ...z.looseObject({}).parse(document), tags: [{ name: 'sandboxes' }], servers: [] }
    const problems = await problemsOf(broken)
    expect(problems).toContainEqual(expect.stringContaining('tag-description at #/tags/0'))
    expect(problems).toContainEqual(expect.stringContaining('no-empty-servers at #/servers'))
  })
})

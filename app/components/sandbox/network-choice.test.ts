import { describe, expect, it } from 'vitest'
import { networkDraft, parseNetwork } from './network-choice'

describe('a list of allowed names', () => {
  it('is taken as it was typed: lines, commas, blanks', () => {
    const draft = { mode: 'allow', names: ' deb.example.org,\n\nPYPI.example.org. ' } as const
    expect(parseNetwork(draft)).toEqual({ allow: ['deb.example.org', 'pypi.example.org'] })
  })

  it.each([
    ['', 'sandbox.noHostNames', {}],
    ['ok.example.org 10.0.0.0/8', 'sandbox.noHostName', { name: '10.0.0.0/8' }],
    ['*.example.org', 'sandbox.noHostName', { name: '*.example.org' }],
  ])('says what is wrong with %j', (names, text, values) => {
    expect(parseNetwork({ mode: 'allow', names })).toMatchObject({ error: { text, values } })
  })

  it.each(['none' as const, 'internet' as const, { allow: ['a.example.org', 'b.example.org'] }])(
    'comes back as it was set: %j',
    (policy) => expect(parseNetwork(networkDraft(policy))).toEqual(policy),
  )
})

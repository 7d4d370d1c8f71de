import { describe, expect, it } from 'vitest'
import { networkDraft, parseNetwork } from './network-choice'

describe('a list of allowed names', () => {
  it('is taken as it was typed: lines, commas, blanks', () => {
    const draft = { mode: 'allow', names: ' deb.example.org,\n\nPYPI.example.org. ' } as const
    expect(parseNetwork(draft)).toEqual({ allow: ['deb.example.org', 'pypi.example.org'] })
  })

  it.each([
    ['', 'List at least one host name.'],
    ['ok.example.org 10.0.0.0/8', /^10\.0\.0\.0\/8 is not a host name/],
    ['*.example.org', /^\*\.example\.org is not/],
  ])('says what is wrong with %j', (names, error) => {
    expect(parseNetwork({ mode: 'allow', names })).toEqual({ error: expect.stringMatching(error) })
  })

  it.each(['none' as const, 'internet' as const, { allow: ['a.example.org', 'b.example.org'] }])(
    'comes back as it was set: %j',
    (policy) => expect(parseNetwork(networkDraft(policy))).toEqual(policy),
  )
})

import { describe, expect, it } from 'vitest'
import { networkPolicy } from './network.js'

const allow = (...names: string[]) => networkPolicy.safeParse({ allow: names })

describe('an allowlist', () => {
  it('takes names, in small letters and without their trailing dot', () => {
    expect(allow('Mirror.Example.ORG.', 'xn--bcher-kva.example').data).toEqual({
      allow: ['mirror.example.org', 'xn--bcher-kva.example'],
    })
  })

  it.each([
    ['192.0.2.0/24', 'must be a name, not an address or a range'],
    ['192.0.2.1', 'must be a name, not an address or a range'],
    ['2001:db8::1', 'must be a name, not an address or a range'],
    ['https://example.org', 'must be a name, not an address or a range'],
    ['*.example.org', 'must not contain a wildcard: list each name'],
    ['localhost', 'is not a full host name (international names are written in their xn-- form)'],
    ['bücher.example', 'is not a full host name (international names are written in their xn-- form)'],
    ['example.org..', 'is not a full host name (international names are written in their xn-- form)'],
    ['a b.example', 'is not a full host name (international names are written in their xn-- form)'],
    ['0x7f.1', 'is not a full host name (international names are written in their xn-- form)'],
    [
      `${'a'.repeat(64)}.example`,
      'is not a full host name (international names are written in their xn-- form)',
    ],
  ])('refuses %s and says why', (name, reason) => {
    const { error } = networkPolicy.safeParse({ allow: [name] })
    expect(JSON.stringify(error?.issues)).toContain(reason)
  })

  it('is neither empty nor endless', () => {
    expect(allow().success).toBe(false)
    expect(allow(...Array.from({ length: 65 }, (_, i) => `h${i}.example.org`)).success).toBe(false)
  })
})

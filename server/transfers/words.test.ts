import { describe, expect, it } from 'vitest'
import { OutboundRefused } from '../outbound/http.js'
import { knownWordsOf, wordsOf } from './words.js'

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code })

describe('what a tenant is told of a failed transfer', () => {
  it('is what was written for tenants', () => {
    expect(wordsOf(new OutboundRefused('not this host', '10.0.0.1'))).toBe('not this host')
  })

  it('names no address of the network, and says what is wrong with a certificate', () => {
    const refused = wordsOf(withCode('connect ECONNREFUSED 10.1.2.3:5000', 'ECONNREFUSED'))
    expect(refused).toBe('the connection to the registry failed: ECONNREFUSED')
    expect(wordsOf(withCode('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'))).toMatch(/self-signed/)
  })

  it.each([
    withCode('Invalid `prisma.registryBlob.create()` invocation', 'P2002'),
    withCode("ENOENT: no such file, open '/var/lib/cloche/secret'", 'ENOENT'),
    new TypeError('cannot read properties of undefined'),
    'text',
  ])('is nothing of what else happens: %s', (error) => {
    expect(knownWordsOf(error)).toBeUndefined()
    expect(wordsOf(error)).toBe('the image could not be transferred; try it again')
  })
})

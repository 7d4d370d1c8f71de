import { describe, expect, it } from 'vitest'
import { linkTo, parseDeepLink } from './deep-link'

describe('an address of a file', () => {
  it('names file, line and terminal', () => {
    expect(parseDeepLink('?file=src/a.py&line=3')).toEqual({
      ...{ file: '/home/user/src/a.py', line: 3, terminal: null },
    })
    expect(parseDeepLink('?file=/etc/hosts&line=x&terminal=tm_1')).toEqual({
      ...{ file: '/etc/hosts', line: null, terminal: 'tm_1' },
    })
    expect(parseDeepLink('')).toEqual({ file: null, line: null, terminal: null })
  })

  it('is read as it was written, whatever the name', () => {
    for (const file of ['/home/user/a b&c=d#e?.txt', '/ünï', 'file:caf%E9']) {
      const link = linkTo('https://cloche.example/sandboxes/sb_1?file=old#x', file, 12)
      expect(parseDeepLink(new URL(link).search)).toMatchObject({ file, line: 12 })
    }
  })
})

import { describe, expect, it } from 'vitest'
import { webAddress } from './links'

describe('a link that a program printed', () => {
  it.each([
    ['https://example.test/a?b#c', 'https://example.test/a?b#c'],
    ['HTTP://example.test', 'http://example.test/'],
    ['javascript:alert(1)', null],
    [' javascript:alert(1)', null],
    ['java\nscript:alert(1)', null],
    ['data:text/html,<script>alert(1)</script>', null],
    ['file:///etc/passwd', null],
    ['vbscript:x', null],
    ['/relative', null],
  ])('%j leads to %j', (text, address) => expect(webAddress(text)).toBe(address))
})

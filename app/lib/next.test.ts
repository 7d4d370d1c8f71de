import { describe, expect, it } from 'vitest'
import { safeNext } from './next'

describe('where signing in leads', () => {
  it.each([
    ['/sandboxes/sb_1?a=b', '/sandboxes/sb_1?a=b'],
    ['/join#secret', '/join#secret'],
    ['//elsewhere.test/x', '/sandboxes'],
    ['/\\elsewhere.test', '/sandboxes'],
    ['/\t/elsewhere.test', '/sandboxes'],
    ['https://elsewhere.test', '/sandboxes'],
    ['javascript:alert(1)', '/sandboxes'],
    ['', '/sandboxes'],
    [null, '/sandboxes'],
  ])('for %j is %j', (next, path) => expect(safeNext(next)).toBe(path))
})

import { expect, it } from 'vitest'
import { pathOf, uriOf } from './uri'

it.each(['/home/user/a b/ü#?%.py', '/home/user/a:b.py', '/x'])('%s is the same there and back', (path) => {
  expect(pathOf(uriOf(path))).toBe(path)
})

it('a name that is not UTF-8 stays a URI', () => {
  expect(uriOf('file:///home/user/%FF.py')).toBe('file:///home/user/%FF.py')
  expect(pathOf('file:///home/user/%FF.py')).toBe('file:///home/user/%FF.py')
})

it.each(['https://elsewhere/x', 'jdt://contents/a', 'file://host/a', 'file:///a?b', 'untitled:1'])(
  '%s is no file here',
  (uri) => {
    expect(pathOf(uri)).toBeNull()
  },
)

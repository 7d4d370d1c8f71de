import { describe, expect, it } from 'vitest'
import { placeOf } from './preview'

const origin = 'http://8000-abc.localhost:3000'
const read = (typed: string) => placeOf(typed, 8000, origin)

describe('an address that is typed over a preview', () => {
  it('is a path of the same port', () => {
    expect(read('/a?b=1#c')).toEqual({ port: 8000, path: '/a?b=1#c' })
    expect(read(' docs/intro ')).toEqual({ port: 8000, path: '/docs/intro' })
    expect(read('')).toEqual({ port: 8000, path: '/' })
    expect(read(`${origin}/x`)).toEqual({ port: 8000, path: '/x' })
  })

  it('is what the app printed, and may name another port', () => {
    expect(read('http://localhost:5173/app?x')).toEqual({ port: 5173, path: '/app?x' })
    expect(read('127.0.0.1:3000')).toEqual({ port: 3000, path: '/' })
    expect(read('http://[::1]:9000/')).toEqual({ port: 9000, path: '/' })
    expect(read(':8080/y')).toEqual({ port: 8080, path: '/y' })
  })

  it('is nothing else', () => {
    for (const typed of [
      'https://example.com/',
      'http://localhost:99999/',
      ':0',
      'http://9000-abc.localhost:3000/',
    ]) {
      expect(read(typed), typed).toBeNull()
    }
    // A path, wherever it seems to lead.
    expect(read('//example.com/x')).toEqual({ port: 8000, path: '//example.com/x' })
    expect(read('javascript:alert(1)')).toEqual({ port: 8000, path: '/javascript:alert(1)' })
  })
})

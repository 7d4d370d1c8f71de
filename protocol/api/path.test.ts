import { describe, expect, it } from 'vitest'
import { pathBytes, pathText } from './path.js'
import { insidePath } from './sandbox.js'

const of = (...bytes: (number | string)[]) =>
  new Uint8Array(
    Buffer.concat(bytes.map((one) => (typeof one === 'string' ? Buffer.from(one) : Buffer.of(one)))),
  )

describe('the text of a path', () => {
  it('is the path itself when that is UTF-8', () => {
    for (const path of ['a b', '/home/user/ünï', '100%', '%41', '\ufeffbom', 'x/file:y', '-']) {
      expect(pathText(of(path))).toBe(path)
      expect(pathBytes(path)).toEqual(of(path))
    }
  })

  it('is a file: URI for other bytes, and for what looks like one', () => {
    expect(pathText(of('/home/user/caf', 0xe9))).toBe('file:///home/user/caf%E9')
    expect(pathText(of('caf', 0xe9, ' 100%'))).toBe('file:caf%E9%20100%25')
    expect(pathText(of('file:x'))).toBe('file:file:x')
    expect(pathText(of('ü', 0xff))).toBe('file:%C3%BC%FF')
  })

  it('means the same path on the way back, whatever the bytes', () => {
    for (let first = 1; first < 256; first++) {
      for (const path of [of(first), of('/a/', first), of(first, 0xe9, first), of('file:', first)]) {
        expect(pathBytes(pathText(path))).toEqual(path)
      }
    }
  })

  it('takes what other programs write: three slashes, one, escaped letters, letters that need no escape', () => {
    for (const text of ['file:///home/user/caf%e9', 'file:/home/user/caf%E9', 'file:///home/us%65r/caf%E9']) {
      expect(pathBytes(text)).toEqual(of('/home/user/caf', 0xe9))
    }
    expect(pathBytes('file:ü%FF')).toEqual(of('ü', 0xff))
  })

  it('is refused when it stands for no path', () => {
    for (const text of [
      '',
      'file:',
      'file:%',
      'file:%4',
      'file:%zz',
      'file://host/x',
      'a\0b',
      'file:a%00b',
    ]) {
      expect(insidePath.safeParse(text).success, text).toBe(false)
    }
    expect(insidePath.safeParse('x'.repeat(4096)).success).toBe(false)
    expect(insidePath.safeParse(`file:${'%FF'.repeat(4095)}`).success).toBe(true)
    expect(insidePath.safeParse(`file:${'%FF'.repeat(4096)}`).success).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { HeldInput } from './input'

describe('input that is held', () => {
  it('comes back in its order, and once', () => {
    const held = new HeldInput()
    for (const text of ['ls', ' -l', '\r']) held.hold(Buffer.from(text))
    expect(Buffer.concat(held.release()).toString()).toBe('ls -l\r')
    expect(held.release()).toEqual([])
  })

  it('has an end, and no gap: what comes after what was too much is not kept either', () => {
    const held = new HeldInput()
    held.hold(Buffer.from('rm -r build'))
    held.hold(Buffer.alloc(64 * 1024, 'x'))
    held.hold(Buffer.from('\r'))
    expect(Buffer.concat(held.release()).toString()).toBe('rm -r build')
    held.hold(Buffer.from('again'))
    expect(Buffer.concat(held.release()).toString()).toBe('again')
  })
})

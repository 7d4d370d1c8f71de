import { describe, expect, it } from 'vitest'
import { createSandbox } from './create-sandbox.js'
import { newId, sandboxId } from './ids.js'

describe('a request for a sandbox', () => {
  it('may be empty: everything has a default', () => {
    expect(createSandbox.parse({})).toEqual({ template: 'base', network: 'internet', isolation: 'standard' })
  })

  it.each([
    { limits: { cpus: 0 } },
    { limits: { cpus: -1 } },
    { limits: { cpus: 1e9 } },
    { limits: { cpus: 'two' } },
    { limits: { memoryMiB: 1.5 } },
    { limits: { pids: Number.NaN } },
    { limits: { surprise: 1 } },
    { name: 'a\u0000b' },
    { name: 'a\u001b[2Jb' },
    { name: 'a\u202eb' },
    { name: '' },
    { template: '../etc' },
    { env: { 'A=B': 'c' } },
    { env: { A: 'b\u0000' } },
    { ttlSeconds: 0 },
    { unknown: true },
  ])('is refused with %j', (body) => {
    expect(createSandbox.safeParse(body).success).toBe(false)
  })
})

describe('an id', () => {
  it('is new each time, and is what the schema says', () => {
    const ids = Array.from({ length: 1000 }, () => newId('sb'))
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(sandboxId.safeParse(id).success).toBe(true)
  })
})

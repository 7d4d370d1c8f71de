import { describe, expect, it } from 'vitest'
import { lacks } from './limits'

const quota = { cpus: 2, memoryMiB: 2048, diskMiB: 8192, pids: 1024, sandboxes: 2 }
const small = { cpus: 0.5, memoryMiB: 512, diskMiB: 2048, pids: 256 }

describe('one more sandbox', () => {
  it('fits into what is left, to the last', () => {
    expect(
      lacks(small, quota, { ...quota, cpus: 1.5, memoryMiB: 1536, diskMiB: 6144, pids: 768, sandboxes: 1 }),
    ).toEqual([])
  })
  it('is told each thing that it lacks', () => {
    expect(lacks(small, quota, { ...quota, cpus: 1.6, memoryMiB: 0, diskMiB: 0, pids: 0 })).toEqual([
      'sandboxes',
      'cpus',
    ])
  })
})

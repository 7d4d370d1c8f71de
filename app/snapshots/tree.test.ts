import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../lib/protocol'
import { treeOf } from './tree'

const limits = { cpus: 1, memoryMiB: 512, diskMiB: 1024, pids: 64 }
const snapshot = (id: string, parentId: string | null, createdAt: string): Snapshot => ({
  ...{ id, parentId, createdAt, name: id, sandboxId: 'sb', sandboxName: 'desk', template: 'base' },
  ...{ isolation: 'standard', limits, sizeBytes: 0, exclusiveBytes: null, createdBy: null, copyOf: null },
})

describe('the tree of snapshots', () => {
  it('has each below its origin, the newest first', () => {
    const tree = treeOf([
      snapshot('d', 'b', '2026-01-04T00:00:00Z'),
      snapshot('c', 'a', '2026-01-03T00:00:00Z'),
      snapshot('b', 'a', '2026-01-02T00:00:00Z'),
      snapshot('a', null, '2026-01-01T00:00:00Z'),
      snapshot('e', 'deleted', '2026-01-05T00:00:00Z'),
    ])
    expect(tree.map(({ snapshot: { id }, depth }) => `${depth}${id}`)).toEqual(['0e', '0a', '1c', '1b', '2d'])
  })
})

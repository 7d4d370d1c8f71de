import type { Snapshot } from '../lib/protocol'

/** A snapshot with how far below its origin it is. */
export interface Leaf {
  readonly snapshot: Snapshot
  readonly depth: number
}

/**
 * Snapshots in the order of a tree: each below the one that its sandbox was made from or brought back to, the newest
 * first among those side by side. One whose origin is not among them is at the top.
 */
export function treeOf(snapshots: readonly Snapshot[]): Leaf[] {
  const known = new Set(snapshots.map(({ id }) => id))
  const below = new Map<string | null, Snapshot[]>()
  for (const snapshot of snapshots) {
    const { parentId } = snapshot
    const parent = parentId !== null && known.has(parentId) ? parentId : null
    below.set(parent, [...(below.get(parent) ?? []), snapshot])
  }
  const leaves: Leaf[] = []
  const add = (parent: string | null, depth: number) => {
    const children = below.get(parent) ?? []
    for (const snapshot of children.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))) {
      leaves.push({ snapshot, depth })
      add(snapshot.id, depth + 1)
    }
  }
  add(null, 0)
  return leaves
}

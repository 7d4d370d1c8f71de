import { RuntimeRefusal } from '../errors.js'
import { availableMemory } from '../linux/memory.js'
import type { NodeContext } from './node.js'

const mib = 1024 ** 2

/** Why this node takes no new sandbox; null while it does. */
export function capacityError(node: NodeContext): string | null {
  const { full } = node.diskReserve
  if (full !== null) return full
  const [free, wanted] = [availableMemory(), node.memoryReserveBytes]
  if (free >= wanted) return null
  return `the host has ${Math.floor(free / mib)} MiB of memory left, less than the ${Math.floor(wanted / mib)} MiB that a new sandbox wants to find`
}

/** @throws RuntimeRefusal `disk_full` or `node_full`, at once and before anything is made */
export function assertCapacity(node: NodeContext): void {
  node.diskReserve.assertCapacity()
  const full = capacityError(node)
  if (full !== null) throw new RuntimeRefusal('node_full', full)
}

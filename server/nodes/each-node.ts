import type { Logger } from 'pino'
import { repeat } from '../schedule.js'
import type { ServerNode } from './node.js'
import type { NodeRegistry } from './registry.js'

/** A node that was added is looked after this soon. */
const everyMs = 1000

/**
 * Chores for each node, in loops of its own: one that does not answer stops nothing of the others.
 * @param start begins the chores of a node; they end when it is removed, or with this
 */
export function forEachNode(
  nodes: NodeRegistry,
  log: Logger,
  start: (node: ServerNode) => readonly AsyncDisposable[],
): AsyncDisposable {
  const running = new Map<ServerNode, readonly AsyncDisposable[]>()
  const look = repeat('looking after the nodes', everyMs, log, async () => {
    const now = new Set(await nodes.all())
    for (const [node, chores] of running) {
      if (now.has(node)) continue
      running.delete(node)
      void end(chores) // it ends by itself: the connections of its node are closed
    }
    for (const node of now) if (!running.has(node)) running.set(node, start(node))
  })
  return {
    [Symbol.asyncDispose]: async () => {
      await look[Symbol.asyncDispose]()
      await Promise.all([...running.values()].map(end))
    },
  }
}

const end = (chores: readonly AsyncDisposable[]) =>
  Promise.all(chores.map((chore) => chore[Symbol.asyncDispose]()))

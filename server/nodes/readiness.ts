import type { ServerNode } from './node.js'
import type { NodeRegistry } from './registry.js'

/** Whether there is a node to work with. */
export interface Readiness {
  /** At least one answers. */
  readonly answers: boolean
  /** Whether one of those that answer belongs to the database; of none, what is wrong with the first. */
  readonly state: 'unknown' | 'paired' | 'mismatch'
  readonly problem: string | null
}

/** Asks every node. @throws when the registry was never read, and the database cannot be reached */
export async function readinessOf(registry: NodeRegistry): Promise<Readiness> {
  const nodes = await registry.all()
  const answering = (await Promise.all(nodes.map(answers))).filter((node) => node !== undefined)
  const best = answering.find(isPaired) ?? answering[0] ?? nodes[0]
  const { state, problem } = best?.pairing.status ?? { state: 'unknown', problem: null }
  return { answers: answering.length > 0, state, problem }
}

const isPaired = ({ pairing }: ServerNode) => pairing.status.state === 'paired'

/** @returns the node, which was compared with the database if it was not yet; undefined when it does not answer */
async function answers(node: ServerNode): Promise<ServerNode | undefined> {
  try {
    await node.reach().health()
    if (!isPaired(node)) await node.pairing.check()
  } catch {
    return undefined // that it does not answer is the answer
  }
  return node
}

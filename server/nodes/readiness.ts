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

/** Asks every node; one that is as it should be is enough. @throws when the registry was never read, and cannot be */
export async function readinessOf(registry: NodeRegistry): Promise<Readiness> {
  const nodes = await registry.all()
  const looks = nodes.map(look)
  const good = looks.map(async (one) => {
    const { answers, state } = await one
    if (!answers || state !== 'paired') throw new Error('not this one')
    return one
  })
  return Promise.any(good).catch(async () => {
    const all = await Promise.all(looks)
    return all.find(({ answers }) => answers) ?? all[0] ?? { answers: false, state: 'unknown', problem: null }
  })
}

/** One that was not compared with the database yet is compared now. */
async function look(node: ServerNode): Promise<Readiness> {
  const { pairing } = node
  try {
    await node.reach().health()
    if (pairing.status.state !== 'paired') await pairing.check()
    return { answers: true, state: pairing.status.state, problem: pairing.status.problem }
  } catch {
    return { answers: false, state: pairing.status.state, problem: pairing.status.problem } // and that is the answer
  }
}

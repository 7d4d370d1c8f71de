import { type Limits, type LimitsRequest, limits, type Template } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { ServerNode } from './node.js'
import type { NodeRegistry } from './registry.js'

/** What sandboxes can be made from: what the nodes that take new work have, together. */
export class Templates {
  constructor(private readonly nodes: NodeRegistry) {}

  /**
   * @param options `recent`: also those that were built a moment ago
   * @throws ApiError `runtime_unavailable` when no node says what it has
   */
  async list(options: { recent?: boolean } = {}): Promise<Template[]> {
    const nodes = await this.nodes.all()
    const ready = nodes.filter(({ state }) => state === 'ready')
    // Should none take new work, what there would be is worth showing all the same.
    const asked = ready.length > 0 ? ready : nodes.filter(({ state }) => state === 'cordoned')
    if (asked.length === 0) for (const node of nodes) node.reach() // throws: it is unreachable
    const answers = await Promise.allSettled(asked.map((node: ServerNode) => node.templates(options)))
    const lists = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (lists.length === 0 && failed !== undefined) throw failed.reason
    return union(lists.flat())
  }

  /** What any node has, or had when it was last seen: what is placed later may find its node ready again. */
  async everywhere(): Promise<Template[]> {
    const lists = await Promise.all((await this.nodes.all()).map((node) => node.lastTemplates()))
    const all = union(lists.flat())
    // Nothing is known of any: why is what a node says.
    return all.length > 0 ? all : this.list()
  }

  /** Whether its sandboxes are small machines. */
  async isSystem(name: string): Promise<boolean> {
    return (await this.everywhere()).some((one) => one.name === name && one.system)
  }

  /** When its sandboxes are put to sleep; null when it says nothing, or is not there any more. */
  async idle(name: string): Promise<Template['idle']> {
    return (await this.everywhere()).find((one) => one.name === name)?.idle ?? null
  }

  /**
   * What a sandbox of a template gets when it asks for `wanted`.
   * @throws ApiError `template_unavailable` that names what there is
   */
  async limits(name: string, wanted: LimitsRequest = {}): Promise<Limits> {
    let all = await this.everywhere()
    const find = () => all.find((one) => one.name === name)
    if (find() === undefined) {
      await this.list({ recent: true }).catch(() => {}) // what is known has to do
      all = await this.everywhere()
    }
    const template = find()
    if (template === undefined) {
      const there = all.map((one) => one.name).join(', ') || 'none yet'
      throw new ApiError('template_unavailable', `template ${name} not found; available: ${there}`)
    }
    return limits.parse({ ...template.defaults, ...wanted })
  }
}

/** By name: the first says what it is, and each adds the isolations and languages that it has. */
function union(all: readonly Template[]): Template[] {
  const byName = new Map<string, Template>()
  for (const one of all) {
    const known = byName.get(one.name)
    const names = new Set(known?.languages.map(({ name }) => name))
    byName.set(
      one.name,
      known === undefined
        ? one
        : {
            ...known,
            isolation: [...new Set([...known.isolation, ...one.isolation])],
            languages: [...known.languages, ...one.languages.filter(({ name }) => !names.has(name))],
          },
    )
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

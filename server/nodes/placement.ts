import type { ErrorCode, Isolation, NodeState, PoolPurpose } from '../../protocol/api/index.js'

/** What is known of a node when something is to be placed. */
export interface Candidate {
  readonly id: string
  readonly name: string
  readonly state: NodeState
  /** Whether it answered this server last, and belongs to its database. */
  readonly answers: boolean
  /** What it has of templates, or had when it was last seen. */
  readonly templates: ReadonlyMap<string, readonly Isolation[]>
  /** How large it is as a whole; null until it was seen. Nodes give out more limits than they have, so this is the bound. */
  readonly size: { readonly memoryMiB: number; readonly diskMiB: number } | null
  /** The smaller of the shares of its memory and its disk that are free, 0 to 1, less what was placed since it was seen. */
  readonly freeShare: number
  /** Why it refuses what is new. */
  readonly full: string | null
  /** Sandboxes that wait to be claimed, in the pool that would be asked. */
  readonly warm: number
  /** Whether the tenant has sandboxes there. */
  readonly hasTenant: boolean
  /** Sandboxes on it. */
  readonly sandboxes: number
}

/** What is to be placed. */
export interface Wanted {
  readonly template: string
  /** Another one that the node has to have. */
  readonly besides?: string | undefined
  readonly isolation: Isolation
  readonly purpose: PoolPurpose
  readonly memoryMiB: number
  readonly diskMiB: number
}

export type Placement =
  | { readonly node: string }
  | { readonly refusal: { readonly code: ErrorCode; readonly message: string } }

/** A node with less of its memory or disk left is taken only when every other one has less as well. */
const tightShare = 0.1
/** Nodes whose free share differs by less are as good as each other. */
const shareStep = 0.05

/**
 * The node for a new sandbox or run: one that takes new work, has the template, and has room. Of these the one with most
 * claims for it: not tight; a sandbox that waits in its pool; sandboxes of the same tenant, whose quota the kernel
 * binds together on one node; most room; fewest sandboxes. A single node that has the template is left to refuse by itself, in
 * its own words.
 */
export function place(candidates: readonly Candidate[], wanted: Wanted): Placement {
  const ready = candidates.filter(({ state }) => state === 'ready')
  if (ready.length === 0) {
    const why =
      candidates.length === 0
        ? 'no node is registered'
        : `of ${count(candidates.length)} ${counts(candidates)}`
    return refuse('runtime_unavailable', `no node takes new work: ${why}`)
  }
  const having = ready.filter((one) => has(one, wanted))
  if (having.length === 0) return refuse(...lacking(candidates, wanted))
  const answering = having.some(({ answers }) => answers) ? having.filter(({ answers }) => answers) : having
  const [only] = answering
  if (answering.length === 1 && only !== undefined) return { node: only.id }
  const fitting = answering.filter((one) => fits(one, wanted))
  if (fitting.length === 0) return refuse('node_full', noRoom(answering, wanted))
  const [best] = fitting.toSorted((a, b) => compare(rank(a), rank(b)))
  return best === undefined ? refuse('node_full', noRoom(answering, wanted)) : { node: best.id }
}

function has({ templates }: Candidate, { template, besides, isolation }: Wanted): boolean {
  return [template, besides ?? template].every((name) => templates.get(name)?.includes(isolation) ?? false)
}

const fits = ({ full, size }: Candidate, { memoryMiB, diskMiB }: Wanted) =>
  full === null && (size === null || (size.memoryMiB >= memoryMiB && size.diskMiB >= diskMiB))

/** Smaller is better, the first that differs decides. */
function rank({ freeShare, warm, hasTenant, sandboxes, name }: Candidate): readonly (number | string)[] {
  return [
    ...[freeShare < tightShare ? 1 : 0, warm > 0 ? 0 : 1, hasTenant ? 0 : 1],
    ...[-Math.round(freeShare / shareStep), sandboxes, name],
  ]
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  const [one = 0, other = 0] = [a[at], b[at]]
  return one < other ? -1 : one > other ? 1 : 0
}

function lacking(candidates: readonly Candidate[], wanted: Wanted): [ErrorCode, string] {
  const { isolation, besides } = wanted
  const template = besides === undefined ? wanted.template : `${wanted.template} and ${besides}`
  const away = candidates.filter((one) => one.state !== 'ready' && has(one, wanted))
  if (away.length > 0) {
    return [
      'runtime_unavailable',
      `template ${template} is only on nodes that take no new work at present: ${counts(away)}`,
    ]
  }
  const isThere = candidates.some(({ templates }) => templates.has(wanted.template))
  if (isThere) {
    return ['template_unavailable', `no node can run template ${template} with isolation ${isolation}`]
  }
  return ['template_unavailable', `no node has template ${template}`]
}

function noRoom(candidates: readonly Candidate[], { memoryMiB, diskMiB }: Wanted): string {
  const open = candidates.filter(({ full }) => full === null)
  if (open.length === 0) {
    const why = candidates.map(({ name, full }) => `${name}: ${full}`)
    return `none of ${count(candidates.length)} with this template has room (${why.join('; ')})`
  }
  const most = (part: 'memoryMiB' | 'diskMiB') =>
    Math.floor(Math.max(0, ...open.map(({ size }) => size?.[part] ?? 0)))
  return (
    `no node is large enough for ${memoryMiB} MiB of memory and ${diskMiB} MiB of disk: ` +
    `the largest that is not full has ${most('memoryMiB')} MiB and ${most('diskMiB')} MiB`
  )
}

const count = (nodes: number) => `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`

/** `1 is cordoned and 2 are unreachable` */
function counts(candidates: readonly Candidate[]): string {
  return (['cordoned', 'unreachable'] as const)
    .map((state) => ({ state, number: candidates.filter((one) => one.state === state).length }))
    .filter(({ number }) => number > 0)
    .map(({ state, number }) => `${number} ${number === 1 ? 'is' : 'are'} ${state}`)
    .join(' and ')
}

const refuse = (code: ErrorCode, message: string): Placement => ({ refusal: { code, message } })

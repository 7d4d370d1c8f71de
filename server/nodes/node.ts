import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Node, type NodeState, type Template, template } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { Pairing } from '../installation/pairing.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { Confirmations } from './confirmations.js'
import { Fresh } from './fresh.js'
import { Orphans } from './orphans.js'
import type { NodeRow } from './row.js'
import { StatusCache } from './status-cache.js'
import { within } from './within.js'

/** Templates of a node change when somebody builds one there. */
const templatesFreshMs = 5000
/** Whoever misses one looks again, and not more often than this. */
const recentMs = 500
/** Whoever wants to know them waits for a slow node no longer than this. */
const patienceMs = 2000
/** Soon after a node is back, servers know. */
const retryAfterSeconds = 5

/** What a pass over what a node has needs of it. */
export type NodeOfPass = Pick<ServerNode, 'id' | 'runtime'> & {
  readonly pairing: Pick<ServerNode['pairing'], 'status'>
}

/** One node of the registry: how it is reached, and what was last heard of it. */
export class ServerNode implements Disposable {
  readonly pairing: Pairing
  readonly statuses: StatusCache
  readonly orphans: Orphans
  readonly confirmations: Confirmations
  readonly #templates: Fresh<Template[]>
  /** What the node said of itself last. */
  last: Node | undefined
  /** Whether it answered this server when it was asked last. Others may reach it all the same. */
  answers = true

  /**
   * @param connect makes the client, which asks the pairing before it creates or destroys anything
   * @param problem why it cannot be reached from this server at all, such as a certificate that cannot be read
   * @param row as the database has it
   */
  constructor(
    public row: NodeRow,
    database: Database,
    log: Logger,
    connect: (mayChange: () => Promise<void> | undefined) => RuntimeClient,
    readonly problem: string | null = null,
  ) {
    this.runtime = connect(() => this.pairing.assertPaired())
    this.pairing = new Pairing(database, row.id, this.runtime, log)
    this.statuses = new StatusCache(this.runtime)
    this.confirmations = new Confirmations(this.runtime)
    this.orphans = new Orphans(database, this.id, this.runtime, log)
    this.#templates = new Fresh(templatesFreshMs, () => this.runtime.templates())
  }

  /** The node, whether it can be reached or not. */
  readonly runtime: RuntimeClient;

  [Symbol.dispose](): void {
    this.runtime[Symbol.dispose]()
  }

  get id(): string {
    return this.row.id
  }

  get name(): string {
    return this.row.name
  }

  get state(): NodeState {
    if (this.row.unreachableSince !== null || this.problem !== null) return 'unreachable'
    return this.row.cordoned ? 'cordoned' : 'ready'
  }

  isAt(address: NodeRow['address']): boolean {
    return isDeepStrictEqual(address, this.row.address)
  }

  /**
   * As they were at most some seconds ago; with `recent`, half a second: one was built a moment ago, perhaps.
   * @throws ApiError `runtime_unavailable` when it does not answer
   */
  async templates({ recent = false } = {}): Promise<Template[]> {
    if (this.state === 'unreachable') throw unreachable(this.name)
    const list = await this.#templates.within(patienceMs, recent ? recentMs : templatesFreshMs)
    if (list === undefined) throw unreachable(this.name)
    return list
  }

  /** The same; as they were last seen while it does not answer. */
  async lastTemplates(): Promise<readonly Template[]> {
    return this.templates().catch(() => z.array(template).catch([]).parse(this.row.templates))
  }

  /** What it says of itself now, for placement as well. @throws ApiError `runtime_unavailable` */
  async describe(): Promise<Node> {
    const said = this.state === 'unreachable' ? undefined : await within(patienceMs, this.ask())
    if (said === undefined) throw unreachable(this.name)
    return said
  }

  /** The same, also of one that did not answer before. */
  async ask(): Promise<Node> {
    try {
      if (this.problem !== null) throw new ApiError('runtime_unavailable', this.problem)
      this.last = await this.runtime.node()
      this.answers = true
      return this.last
    } catch (error) {
      this.answers = false
      throw error
    }
  }

  /**
   * The node, for whoever acts on what is there.
   * @throws ApiError `runtime_unavailable` while no server reaches it
   */
  reach(): RuntimeClient {
    if (this.state === 'unreachable') throw unreachable(this.name)
    return this.runtime
  }
}

/** What every call about something on a node is answered while the node is away. */
export const unreachable = (name: string) =>
  new ApiError(
    'runtime_unavailable',
    `node ${name} is unreachable; its sandboxes and their files are kept as they are, and can be used again when it is back`,
    retryAfterSeconds,
  )

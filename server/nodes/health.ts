import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { type Node, nodeCapacity, type Template } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { agreeOnTenants } from './agree.js'
import type { ServerNode } from './node.js'
import type { NodeRegistry } from './registry.js'
import { within } from './within.js'

/** What a node has for its answer. */
const patienceMs = 2000
/** A node that has not answered this often, one ask after the other, is unreachable for this server. */
const missesMax = 3
/** And for all servers when it has answered none of them for so long: a runtime that restarts is back sooner. */
const silentSeconds = 10
const utc = "now() AT TIME ZONE 'UTC'"

/**
 * Whether a node answers, written to its row so that all servers agree: it is `unreachable` when none of them has heard
 * it for a while, and back as soon as one does.
 */
export class NodeHealth {
  #misses = 0
  /** An ask that is still on its way: a node that hangs is asked once. */
  #asking: Promise<Node> | undefined
  #saved: Template[] | undefined
  /** What the database says of its tenants was said to it since this server started. */
  #agreed = false

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly node: ServerNode,
    private readonly log: Logger,
  ) {}

  /** Asks once. @throws when the database cannot be written */
  async look(): Promise<void> {
    let said: Node
    try {
      said = await this.#ask()
    } catch (error) {
      this.#misses += 1
      if (this.#misses >= missesMax) await this.#gone(error)
      return
    }
    this.#misses = 0
    await this.#seen(said)
  }

  async #ask(): Promise<Node> {
    this.#asking ??= this.node.ask().finally(() => {
      this.#asking = undefined
    })
    const said = await within(patienceMs, this.#asking)
    if (said !== undefined) return said
    this.node.answers = false
    throw new Error(`no answer within ${patienceMs} ms`)
  }

  async #seen(said: Node): Promise<void> {
    const { id, name, state, pairing } = this.node
    const wasAway = state === 'unreachable'
    // What operators changed meanwhile holds there before anything else reaches it.
    const mustAgree = wasAway || !this.#agreed
    if (mustAgree) await agreeOnTenants(this.database, this.node, this.log)
    await this.database.pool.query(
      `UPDATE node SET "lastSeenAt" = ${utc}, "unreachableSince" = NULL, "lastProblem" = $2, capacity = $3 WHERE id = $1`,
      [id, pairing.status.problem, nodeCapacity.parse(said)],
    )
    await this.#saveTemplates()
    if (!mustAgree) return
    if (wasAway) this.log.warn({ node: id, name }, 'a node is back')
    await this.nodes.refresh()
    await agreeOnTenants(this.database, this.node, this.log)
    this.#agreed = true
  }

  /** They are kilobytes, and change when somebody builds one. */
  async #saveTemplates(): Promise<void> {
    const templates = await this.node.templates().catch(() => undefined) // asked again at the next look
    if (templates === undefined || isDeepStrictEqual(templates, this.#saved)) return
    await this.database.pool.query('UPDATE node SET templates = $2 WHERE id = $1', [
      this.node.id,
      JSON.stringify(templates),
    ])
    this.#saved = templates
  }

  async #gone(error: unknown): Promise<void> {
    const { id, name } = this.node
    const why = error instanceof Error ? error.message : String(error)
    const { rowCount } = await this.database.pool.query(
      `UPDATE node SET "unreachableSince" = ${utc}, "lastProblem" = $2
       WHERE id = $1 AND "unreachableSince" IS NULL
         AND coalesce("lastSeenAt", "createdAt") < ${utc} - interval '${silentSeconds} seconds'`,
      [id, why],
    )
    if (rowCount === 0) return
    this.log.error(
      { node: id, name, err: error },
      'a node is unreachable; its sandboxes are kept as they are',
    )
    await this.nodes.refresh()
  }
}

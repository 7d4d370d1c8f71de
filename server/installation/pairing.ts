import type pg from 'pg'
import type { Logger } from 'pino'
import { z } from 'zod'
import { newId, type PairingStatus, quarantineEntry } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'

const entries = z.object({ entries: z.array(quarantineEntry) })
/** For whoever is refused while it is not known yet. */
const retryAfterSeconds = 2
const toDo =
  'Nothing is created or destroyed on the node until an operator restores the right database, or adopts the node on the operator page'

/** The id of the installation that a database belongs to. A new database gets a new one. */
export async function databaseInstallation(pool: pg.Pool): Promise<string> {
  await pool.query('INSERT INTO installation (key, id) VALUES (1, $1) ON CONFLICT DO NOTHING', [newId('in')])
  const { rows } = await pool.query('SELECT id FROM installation')
  return z.tuple([z.object({ id: z.string() })]).parse(rows)[0].id
}

/**
 * Whether the database and a node belong together. Both carry the id of their installation, and the node its own id in
 * it; a node that has none yet takes those of the database when nothing speaks against it. An empty or foreign
 * database, an emptied node, or another node under the address of this one is a mismatch: then the node is left as it is.
 */
export class Pairing {
  #status: PairingStatus = { state: 'unknown', database: null, node: null, problem: null }
  #checking: Promise<PairingStatus> | undefined

  constructor(
    private readonly database: Database,
    private readonly nodeId: string,
    private readonly runtime: RuntimeClient,
    private readonly log: Logger,
  ) {}

  /** As it was seen last. */
  get status(): PairingStatus {
    return this.#status
  }

  /** Looks again. @throws when database or node cannot be reached; then it stays as it was seen last */
  check(): Promise<PairingStatus> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** For whoever is about to create or destroy something on the node. @throws ApiError `runtime_unavailable` */
  assertPaired(): Promise<void> | undefined {
    if (this.#status.state === 'paired') return undefined // nobody waits
    return this.#assert()
  }

  /**
   * An operator's word that the node belongs to this database from now on.
   * @param node its id as the operator saw it
   * @throws ApiError `conflict` when it has another one by now
   */
  async adopt(node: string | null): Promise<PairingStatus> {
    const seen = await this.check()
    if (seen.node !== node) throw new ApiError('conflict', 'this is another node by now: look again')
    if (seen.database !== null) await this.#tell(seen.database)
    return this.check()
  }

  async #assert(): Promise<void> {
    const { state, problem } = this.#status.state === 'unknown' ? await this.check() : this.#status
    if (state === 'paired') return
    throw new ApiError('runtime_unavailable', problem ?? 'the node was not checked yet', retryAfterSeconds)
  }

  async #look(): Promise<PairingStatus> {
    const database = await databaseInstallation(this.database.pool)
    const { installation: node, nodeId } = await this.runtime.node()
    const problem =
      node === database && nodeId === this.nodeId ? null : await this.#compare(database, node, nodeId)
    const state = problem === null ? 'paired' : 'mismatch'
    if (state !== this.#status.state || problem !== this.#status.problem) {
      if (problem !== null) this.log.error({ database, node }, problem)
      else this.log.info({ installation: database }, 'database and node belong together')
    }
    this.#status = { state, database, node: problem === null ? database : node, problem }
    return this.#status
  }

  /** @returns what is wrong; null when the node has been told that it belongs to this database */
  async #compare(database: string, node: string | null, nodeId: string | null): Promise<string | null> {
    if (node !== null && node !== database) {
      return `The database is not the one that this node belongs to: its installation is ${database}, and the node's is ${node}. ${toDo}.`
    }
    if (nodeId !== null) {
      return `The address of this node leads to another one: it is registered as ${this.nodeId}, and says that it is ${nodeId}. ${toDo}.`
    }
    const { prisma } = this.database
    const ids = await this.#idsThere()
    if (node !== null) {
      // It has belonged to this database since before nodes had ids.
      const elsewhere = await prisma.sandbox.count({
        where: { id: { in: ids }, deletedAt: null, nodeId: { not: this.nodeId } },
      })
      if (elsewhere > 0) {
        return `The node has ${elsewhere} sandboxes that the database has on another node. ${toDo}.`
      }
      await this.#tell(database)
      return null
    }
    const [known, rows] = [
      await prisma.sandbox.count({ where: { id: { in: ids } } }),
      await prisma.sandbox.count({ where: { deletedAt: null, nodeId: this.nodeId } }),
    ]
    if (known === 0 && ids.length > 0) {
      return `The node has ${ids.length} sandboxes, and the database knows none of them. ${toDo}.`
    }
    if (known === 0 && rows > 0) {
      return `The database has ${rows} sandboxes, and the node has none and has never belonged to an installation. ${toDo}.`
    }
    await this.#tell(database)
    return null
  }

  /** Of its sandboxes, and of those that it has set aside. */
  async #idsThere(): Promise<string[]> {
    const statuses = (await this.runtime.list()).map(({ id }) => id)
    const { entries: aside } = await this.runtime.ask('GET', '/quarantine', entries)
    return [...statuses, ...aside.flatMap(({ sandboxId }) => sandboxId ?? [])]
  }

  async #tell(id: string): Promise<void> {
    await this.runtime.ask('PUT', '/installation', z.unknown(), {}, { id, node: this.nodeId })
  }
}

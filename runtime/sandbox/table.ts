import { notFound } from '../errors.js'
import * as lifecycle from './lifecycle.js'
import type { NodeContext } from './node.js'
import { type SandboxRecord, saveRecord } from './record.js'

/** The claimed sandboxes of this node, by their public ids. What is done to one happens one after the other. */
export class SandboxTable {
  readonly #boxes = new Map<string, SandboxRecord>()
  readonly #queues = new Map<string, Promise<unknown>>()
  /** Claimed by this process, and not confirmed by a server yet; with the time of the claim. */
  readonly #unconfirmed = new Map<string, number>()

  constructor(private readonly node: NodeContext) {}

  list(): SandboxRecord[] {
    return [...this.#boxes.values()]
  }

  find(id: string): SandboxRecord | undefined {
    return this.#boxes.get(id)
  }

  /** @throws RuntimeRefusal `not_found` */
  get(id: string): SandboxRecord {
    const sandbox = this.find(id)
    if (sandbox === undefined) throw notFound('sandbox', id)
    return sandbox
  }

  /** Holds what is known of a sandbox, and writes it down. */
  keep(sandbox: SandboxRecord): SandboxRecord {
    this.save(sandbox)
    if (sandbox.sandboxId !== null) this.#boxes.set(sandbox.sandboxId, sandbox)
    return sandbox
  }

  /** Holds it for the moment only. */
  hold(id: string, sandbox: SandboxRecord): void {
    this.#boxes.set(id, sandbox)
  }

  /** Writes it down without holding it. */
  save(sandbox: SandboxRecord): void {
    saveRecord(lifecycle.directoryOf(this.node, sandbox), sandbox)
  }

  forget(id: string): void {
    this.#boxes.delete(id)
    this.#unconfirmed.delete(id)
  }

  /** It was claimed just now: no server has said yet that the database knows it. */
  claimed(id: string): void {
    this.#unconfirmed.set(id, performance.now())
  }

  /** These are in the database: whatever becomes of their rows, they were somebody's. */
  confirm(ids: readonly string[]): void {
    for (const id of ids) this.#unconfirmed.delete(id)
  }

  /** For how long nobody has confirmed its claim, in milliseconds; null when somebody has. */
  unconfirmedMs(id: string): number | null {
    const claimedAt = this.#unconfirmed.get(id)
    return claimedAt === undefined ? null : Math.round(performance.now() - claimedAt)
  }

  /** Runs `act` after everything that was asked of the same sandbox before. */
  inTurn<T>(id: string, act: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(id) ?? Promise.resolve()
    const mine = before.then(act, act)
    const settled = mine.catch(() => {})
    this.#queues.set(id, settled)
    void settled.then(() => {
      if (this.#queues.get(id) === settled) this.#queues.delete(id)
    })
    return mine
  }
}

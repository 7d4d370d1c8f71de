import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { installationId, nodeId } from '../protocol/api/index.js'
import { setFileAside } from './linux/overwrite.js'

const kept = z.object({ id: installationId, node: nodeId.optional() })
type Kept = z.infer<typeof kept>

/**
 * Which installation this node belongs to: the id that its database carries as well. A server whose database has another
 * one, or for which another node is here, neither creates nor destroys anything here.
 */
export class Installation {
  readonly #file: string
  #kept: Kept | undefined

  /** @param problem is told when the file cannot be read; then it is set aside, and the node belongs to nobody yet */
  constructor(home: string, problem: (what: string) => void) {
    this.#file = join(home, 'installation.json')
    this.#kept = this.#read(problem)
  }

  get id(): string | null {
    return this.#kept?.id ?? null
  }

  /** The node's own id in that installation. */
  get node(): string | null {
    return this.#kept?.node ?? null
  }

  /** From now on the node belongs to another installation, also after a crash. */
  set(wanted: Kept): void {
    const fresh = `${this.#file}.new`
    writeFileSync(fresh, JSON.stringify(wanted), { mode: 0o600 })
    const fd = openSync(fresh, 'r')
    fsyncSync(fd)
    closeSync(fd)
    renameSync(fresh, this.#file)
    this.#kept = wanted
  }

  #read(problem: (what: string) => void): Kept | undefined {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch {
      return undefined // not told yet
    }
    try {
      return kept.parse(JSON.parse(text))
    } catch {
      problem(`installation.json cannot be read and was kept as ${setFileAside(this.#file)}`)
      return undefined
    }
  }
}

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { installationId } from '../protocol/api/index.js'
import { setFileAside } from './linux/overwrite.js'

const kept = z.object({ id: installationId })

/**
 * Which installation this node belongs to: the id that its database carries as well. A server whose database has another
 * one neither creates nor destroys anything here.
 */
export class Installation {
  readonly #file: string
  #id: string | null

  /** @param problem is told when the file cannot be read; then it is set aside, and the node belongs to nobody yet */
  constructor(home: string, problem: (what: string) => void) {
    this.#file = join(home, 'installation.json')
    this.#id = this.#read(problem)
  }

  get id(): string | null {
    return this.#id
  }

  /** From now on the node belongs to another installation, also after a crash. */
  set(id: string): void {
    const fresh = `${this.#file}.new`
    writeFileSync(fresh, JSON.stringify({ id }), { mode: 0o600 })
    const fd = openSync(fresh, 'r')
    fsyncSync(fd)
    closeSync(fd)
    renameSync(fresh, this.#file)
    this.#id = id
  }

  #read(problem: (what: string) => void): string | null {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch {
      return null // not told yet
    }
    try {
      return kept.parse(JSON.parse(text)).id
    } catch {
      problem(`installation.json cannot be read and was kept as ${setFileAside(this.#file)}`)
      return null
    }
  }
}

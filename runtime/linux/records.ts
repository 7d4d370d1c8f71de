import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { overwriteJson } from './overwrite.js'

/** Records of one kind in a directory: a file `<id>.json` each. */
export class Records<T extends { readonly id: string }> {
  constructor(
    private readonly directory: string,
    private readonly schema: z.ZodType<T>,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Every record; `problem` hears of what cannot be read, which is left as it is. */
  readAll(problem: (file: string, error: unknown) => void): Map<string, T> {
    const found = new Map<string, T>()
    for (const file of readdirSync(this.directory)) {
      if (file.endsWith('.new')) continue // an unfinished write beside what it was to replace
      try {
        const record = this.schema.parse(JSON.parse(readFileSync(join(this.directory, file), 'utf8')))
        if (file !== `${record.id}.json`) throw new Error(`it is the record of ${record.id}`)
        found.set(record.id, record)
      } catch (error) {
        problem(file, error)
      }
    }
    return found
  }

  /** A process that is killed meanwhile leaves the old one or the new one. */
  write(record: T): void {
    overwriteJson(this.file(record.id), record)
  }

  /** Resolves when a record would be found after a crash of the host. */
  async sync(id: string): Promise<void> {
    for (const path of [this.file(id), this.directory]) {
      await using file = await open(path, 'r')
      await file.sync()
    }
  }

  remove(id: string): void {
    rmSync(this.file(id), { force: true })
  }

  /** Where the record of one is, or would be. */
  file(id: string): string {
    return join(this.directory, `${id}.json`)
  }
}

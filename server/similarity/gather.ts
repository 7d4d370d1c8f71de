import { isUtf8 } from 'node:buffer'
import { similarityBounds as bounds, type SimilarityReport } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import type { SubmissionContents } from '../submissions/contents.js'
import type { SourceFile } from './messages.js'
import type { HandIn } from './sets.js'
import { syntaxOf } from './syntax.js'

type Why = SimilarityReport['skipped'][number]['why']
/** A file that is not compared. */
export interface SkippedFile {
  readonly submission: string
  readonly path: string
  readonly why: Why
}

/** What package managers write is the same wherever the packages are. */
const generated: ReadonlySet<string> = new Set([
  ...['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'Cargo.lock', 'poetry.lock', 'uv.lock', 'go.sum'],
  ...['Pipfile.lock', 'composer.lock', 'Gemfile.lock'],
])

/** Reads what is compared of hand-ins, one after the other, and keeps what is left out. */
export class Gathering {
  readonly skipped: SkippedFile[] = []
  skippedCount = 0

  /** @param starter digests of files as the assignment gives them, by path */
  constructor(
    private readonly database: Database,
    private readonly contents: SubmissionContents,
    private readonly tenantId: string,
    private readonly starter: ReadonlyMap<string, string>,
  ) {}

  /** The files of each, in the order of `handIns`. */
  async *filesOf(handIns: readonly HandIn[]): AsyncGenerator<SourceFile[]> {
    const most = Math.min(bounds.handInBytes, Math.floor(bounds.bytes / Math.max(1, handIns.length)))
    for (const { id } of handIns) yield await this.#filesOf(id, most)
  }

  /** The starter files of an assignment, as far as they are text. */
  async starterOf(assignmentId: string): Promise<SourceFile[]> {
    const { rows } = await this.database.pool.query<{ path: string; content: Buffer }>(
      `SELECT path, content FROM (
         SELECT path, content, sum(length(content)) OVER (ORDER BY length(content), path) AS bytes
         FROM assignment_file WHERE "assignmentId" = $1 AND kind = 'starter') AS file
       WHERE bytes <= $2`,
      [assignmentId, bounds.starterBytes],
    )
    return rows.flatMap(({ path, content }) => {
      const text = textOf(path, content)
      return text === undefined ? [] : [{ path, text }]
    })
  }

  async #filesOf(submission: string, most: number): Promise<SourceFile[]> {
    const all = (await this.contents.filesOf(submission)).filter(
      ({ path, target, digest, sizeBytes }) =>
        target === null && sizeBytes > 0 && this.starter.get(path) !== digest,
    )
    const isCode = ({ path }: { path: string }) => syntaxOf(path) !== undefined
    // What somebody pads a hand-in with comes after the programs, and what is long after what is short.
    const ordered = all.toSorted((a, b) => Number(isCode(b)) - Number(isCode(a)) || a.sizeBytes - b.sizeBytes)
    const chosen: typeof all = []
    let left = most
    for (const file of ordered) {
      const why = whyNot(file, left, chosen.length)
      if (why !== undefined) {
        this.#skip(submission, file.path, why)
        continue
      }
      left -= file.sizeBytes
      chosen.push(file)
    }
    const digests = chosen.map(({ digest }) => digest)
    const contents = await this.contents.contentsOf(this.tenantId, digests)
    return chosen.flatMap(({ path, digest }) => {
      const text = textOf(path, contents.get(digest) ?? Buffer.alloc(0))
      if (text !== undefined) return [{ path, text }]
      this.#skip(submission, path, 'binary')
      return []
    })
  }

  #skip(submission: string, path: string, why: Why): void {
    this.skippedCount++
    if (this.skipped.length < bounds.skipped) this.skipped.push({ submission, path, why })
  }
}

function whyNot(file: { path: string; sizeBytes: number }, left: number, count: number): Why | undefined {
  if (generated.has(file.path.slice(file.path.lastIndexOf('/') + 1))) return 'generated'
  if (file.sizeBytes > bounds.fileBytes) return 'long'
  return file.sizeBytes > left || count >= bounds.files ? 'bound' : undefined
}

/**
 * A program is text whatever is in it: one byte in a comment that is no UTF-8 hides nothing.
 * @returns undefined for anything else that is no text
 */
export function textOf(path: string, content: Buffer): string | undefined {
  const isText = syntaxOf(path) !== undefined || (isUtf8(content) && !content.includes(0))
  return isText ? content.toString() : undefined
}

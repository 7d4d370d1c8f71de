import type { SimilarFragment } from '../../protocol/api/index.js'
import type { SubmissionContents } from '../submissions/contents.js'
import { textOf } from './gather.js'
import type { SimilarFragment as Found } from './messages.js'

const around = 3
const linesMax = 200
const charactersMax = 400

/** The text of fragments, out of what was handed in. */
export class Excerpts {
  constructor(private readonly contents: SubmissionContents) {}

  async of(
    tenantId: string,
    { one, other, fragments }: { one: string; other: string; fragments: readonly Found[] },
  ): Promise<SimilarFragment[]> {
    const first = await this.#linesOf(tenantId, one, new Set(fragments.map((found) => found.one.path)))
    const second = await this.#linesOf(tenantId, other, new Set(fragments.map((found) => found.other.path)))
    return fragments.map((found) => ({
      tokens: found.tokens,
      one: excerpt(found.one, first.get(found.one.path) ?? []),
      other: excerpt(found.other, second.get(found.other.path) ?? []),
    }))
  }

  async #linesOf(
    tenantId: string,
    submission: string,
    paths: ReadonlySet<string>,
  ): Promise<Map<string, string[]>> {
    const files = (await this.contents.filesOf(submission)).filter(({ path }) => paths.has(path))
    const digests = files.map(({ digest }) => digest)
    const contents = await this.contents.contentsOf(tenantId, digests)
    return new Map(
      files.map(({ path, digest }) => [
        path,
        (textOf(path, contents.get(digest) ?? Buffer.alloc(0)) ?? '').replace(/\n$/, '').split('\n'),
      ]),
    )
  }
}

function excerpt({ path, from, to }: Found['one'], lines: readonly string[]): SimilarFragment['one'] {
  const start = Math.max(1, from - around)
  const end = Math.min(to + around, start + linesMax - 1)
  const shown = lines.slice(start - 1, end).map((line) => line.replace(/\r$/, '').slice(0, charactersMax))
  return { path, from, to, start, lines: shown }
}

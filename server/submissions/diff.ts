import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import {
  type DiffQuery,
  type SubmissionChange,
  type SubmissionDiff,
  submissionBounds,
} from '../../protocol/api/index.js'
import type { AssignmentFiles } from '../assignments/files.js'
import type { Principal } from '../auth/principal.js'
import type { Comparer } from '../compare/comparer.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { findSubmission } from './access.js'
import type { SubmissionContents } from './contents.js'

/** One side of a comparison. */
interface Side {
  readonly digest: string
  readonly sizeBytes: number
  /** Of a symbolic link, which is compared by where it leads. */
  readonly target: string | null
}

/** What has changed from the starter files, or from another submission. */
export class SubmissionDiffs {
  constructor(
    private readonly database: Database,
    private readonly contents: SubmissionContents,
    private readonly starter: AssignmentFiles,
    private readonly comparer: Comparer,
  ) {}

  /** @throws ApiError `not_found`; `invalid_request` for a submission for another assignment */
  async of(who: Principal, id: string, { against, path }: DiffQuery): Promise<SubmissionDiff> {
    const row = await findSubmission(this.database, who, id)
    const { tenantId } = who
    const own = await this.#sidesOf(id)
    let before: Map<string, Side>
    const given = new Map<string, Buffer>()
    if (against === 'starter') {
      before = new Map()
      for await (const file of this.starter.contents(row.assignmentId, 'starter')) {
        const digest = createHash('sha256').update(file.content).digest('hex')
        before.set(file.path, { digest, sizeBytes: file.content.length, target: null })
        // Those that differ are compared; what is the same need not be held.
        if (own.get(file.path)?.digest !== digest) given.set(digest, file.content)
      }
    } else {
      const other = await findSubmission(this.database, who, against)
      if (other.assignmentId !== row.assignmentId) {
        throw new ApiError('invalid_request', 'against: is a submission for another assignment')
      }
      before = await this.#sidesOf(against)
    }
    const isWanted = (one: string) => path === undefined || one === path
    const paths = [...new Set([...before.keys(), ...own.keys()])].filter(isWanted).toSorted()
    const changed = paths.filter((one) => before.get(one)?.digest !== own.get(one)?.digest)
    const changes: SubmissionChange[] = []
    let left: number = submissionBounds.diffBytes
    for (const one of changed) {
      const [from, to] = [before.get(one), own.get(one)]
      const change = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed'
      const compared =
        left <= 0
          ? omit('bound')
          : await this.#compare(one, from, to, async (side) =>
              side === undefined ? '' : (side.target ?? (await this.#content(tenantId, side, given))),
            )
      if ((compared.patch?.length ?? 0) > left) changes.push({ path: one, change, ...omit('bound') })
      else changes.push({ path: one, change, ...compared })
      left -= compared.patch?.length ?? 0
    }
    return { against, unchanged: paths.length - changed.length, changes }
  }

  async #compare(
    path: string,
    from: Side | undefined,
    to: Side | undefined,
    read: (side: Side | undefined) => Promise<string | Buffer>,
  ): Promise<Pick<SubmissionChange, 'patch' | 'omitted'>> {
    const most = submissionBounds.diffFileBytes
    if ((from?.sizeBytes ?? 0) > most || (to?.sizeBytes ?? 0) > most) return omit('long')
    const [before, after] = [Buffer.from(await read(from)), Buffer.from(await read(to))]
    if (!isText(before) || !isText(after)) return omit('binary')
    const patch = await this.comparer.patch(path, before.toString(), after.toString())
    return patch === undefined ? omit('different') : { patch, omitted: null }
  }

  async #content(tenantId: string, { digest }: Side, given: ReadonlyMap<string, Buffer>): Promise<Buffer> {
    const known = given.get(digest) ?? (await this.contents.contentsOf(tenantId, [digest])).get(digest)
    return known ?? Buffer.alloc(0)
  }

  async #sidesOf(id: string): Promise<Map<string, Side>> {
    return new Map((await this.contents.filesOf(id)).map((file) => [file.path, file]))
  }
}

const omit = (omitted: NonNullable<SubmissionChange['omitted']>) => ({ patch: null, omitted })
const isText = (bytes: Buffer) => isUtf8(bytes) && !bytes.includes(0)

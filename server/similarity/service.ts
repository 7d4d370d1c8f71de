import {
  type SimilarityPairQuery,
  type SimilarityReport,
  type SimilarPair,
  type SimilarPairDetail,
  similarityBounds,
} from '../../protocol/api/index.js'
import { findAssignment } from '../assignments/access.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import type { SubmissionContents } from '../submissions/contents.js'
import type { Turns } from '../turns.js'
import { Excerpts } from './excerpts.js'
import { Gathering } from './gather.js'
import type { CompareHandIns } from './messages.js'
import { SimilarityResults, type StoredResult } from './results.js'
import { comparedSet } from './sets.js'

/** Finds hand-ins for one assignment that have much in common. What it tells are places to look at. */
export class SimilarityService {
  readonly #results: SimilarityResults
  readonly #excerpts: Excerpts

  /**
   * @param turns who computes on this server at a time
   * @param compare compares the files of hand-ins, on a thread of its own
   */
  constructor(
    private readonly database: Database,
    private readonly contents: SubmissionContents,
    private readonly turns: Turns,
    private readonly compare: CompareHandIns,
  ) {
    this.#results = new SimilarityResults(database)
    this.#excerpts = new Excerpts(contents)
  }

  /**
   * Of the last hand-in of each student. It takes seconds, once for the same hand-ins.
   * @throws ApiError `not_found`; `forbidden` for students; `conflict` when it takes too long
   */
  async report(who: Principal, id: string): Promise<SimilarityReport> {
    const { result, at } = await this.#result(who, id)
    const { compared, handInsLeftOut, pairs, skipped, short } = result
    const named = [
      ...pairs.flatMap(({ one, other }) => [one, other]),
      ...skipped.map(({ submission }) => submission),
      ...short,
    ]
    const of = await this.#people(named)
    return {
      ...{ at: at.toISOString(), compared, handInsLeftOut, pairCount: result.pairCount },
      pairs: pairs.map((pair) => present(pair, of)),
      short: short.map(of),
      shortCount: result.shortCount,
      skipped: skipped.map(({ submission, path, why }) => ({ ...of(submission), path, why })),
      skippedCount: result.skippedCount,
    }
  }

  /** What two hand-ins of a report have in common. @throws ApiError `not_found` also for two that are not in it */
  async pair(who: Principal, id: string, { one, other }: SimilarityPairQuery): Promise<SimilarPairDetail> {
    const { result } = await this.#result(who, id)
    const found = result.pairs.find((pair) => pair.one === one && pair.other === other)
    const turned = result.pairs.find((pair) => pair.one === other && pair.other === one)
    const pair = found ?? (turned === undefined ? undefined : turnedRound(turned))
    if (pair === undefined) throw notFound('pair of hand-ins')
    const of = await this.#people([one, other])
    const fragments = await this.#excerpts.of(who.tenantId, pair)
    return { ...present(pair, of), fragments }
  }

  async #result(who: Principal, id: string) {
    await findAssignment(this.database, who, 'class.look', id)
    const set = await comparedSet(this.database, id)
    const known = await this.#results.find(id, set.key)
    if (known !== undefined) return known
    return this.turns.take(who.tenantId, () =>
      this.#results.findOrMake(
        id,
        async () => (await comparedSet(this.database, id)).key,
        () => this.#make(who.tenantId, id),
      ),
    )
  }

  async #make(tenantId: string, id: string): Promise<{ key: string; result: StoredResult }> {
    const { handIns, handInsLeftOut, starter, key } = await comparedSet(this.database, id)
    const gathering = new Gathering(this.database, this.contents, tenantId, starter)
    const given = await gathering.starterOf(id)
    const { pairs, pairCount, short } = await this.compare(given, gathering.filesOf(handIns))
    const idOf = (at: number) => handIns[at]?.id ?? ''
    const result: StoredResult = {
      pairs: pairs.map((pair) => ({ ...pair, one: idOf(pair.one), other: idOf(pair.other) })),
      ...{ compared: handIns.length, handInsLeftOut, pairCount },
      short: short.slice(0, similarityBounds.skipped).map(idOf),
      shortCount: short.length,
      ...{ skipped: gathering.skipped, skippedCount: gathering.skippedCount },
    }
    return { key, result }
  }

  /** Who has handed in what, by their names of now. */
  async #people(submissions: readonly string[]): Promise<Named> {
    const { rows } = await this.database.pool.query<{ id: string; userId: string; name: string }>(
      `SELECT one.id, one."userId", coalesce(place.name, one."studentName") AS name
       FROM submission AS one JOIN assignment AS task ON task.id = one."assignmentId"
       LEFT JOIN class_member AS place
         ON place."classId" = task."classId" AND place."userId" = one."userId" AND place.role = 'student'
       WHERE one.id = ANY($1)`,
      [submissions],
    )
    const known = new Map(rows.map(({ id, userId, name }) => [id, { userId, name }]))
    return (submission) => ({ submission, student: known.get(submission) ?? { userId: '', name: '' } })
  }
}

type Named = (submission: string) => Pick<SimilarPair['one'], 'submission' | 'student'>
type StoredPair = StoredResult['pairs'][number]

const present = ({ one, other, ofOne, ofOther, similarity, shared, fragments }: StoredPair, of: Named) => ({
  one: { ...of(one), share: ofOne },
  other: { ...of(other), share: ofOther },
  ...{ similarity, shared, longest: fragments[0]?.tokens ?? 0 },
})

const turnedRound = ({ one, other, ofOne, ofOther, fragments, ...pair }: StoredPair): StoredPair => ({
  ...{ ...pair, one: other, other: one, ofOne: ofOther, ofOther: ofOne },
  fragments: fragments.map(({ tokens, one: first, other: second }) => ({
    tokens,
    one: second,
    other: first,
  })),
})

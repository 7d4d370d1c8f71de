import { sha256 } from '../../common/digest.js'
import {
  type CreateRun,
  createRun,
  type Language,
  newRunId,
  type Quota,
  quota as quotaSchema,
  type Run,
  type RunSummary,
  type StudentQuota,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { ownMade } from '../auth/key-limits.js'
import { assertMay, ownerIdOf, ownersFor } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { allowsTemplate } from '../auth/within-limits.js'
import type { Database } from '../database/client.js'
import { type Notices, tell } from '../database/notices.js'
import { ApiError, notFound, studentQuotaExceeded } from '../errors.js'
import { ownKey } from '../http/idempotency.js'
import type { Templates } from '../nodes/templates.js'
import { studentQuotaOf, usedByStudent, withinStudent } from '../tenants/student-quota.js'
import type { Callbacks } from './callbacks.js'
import type { Dispatcher } from './dispatcher.js'
import type { Numbered } from './event-log.js'
import type { RunFollower } from './follow.js'
import { languagesOf, type Plan } from './plan.js'
import { planWithin } from './plan-within.js'
import { present, type RunRow, summarize } from './rows.js'
import { AsManyAsLimit, type Refused, type RunBounds, type RunQuery, type RunStore } from './store.js'

const retryAfterSeconds = 5
/** A student's are their own, a member's those of their classes too. */
const whoseRuns = (who: Principal) => ({ tenantId: who.tenantId, owners: ownersFor(who), ...ownMade(who) })
const quotaFreshMs = 1000
const mostQuotas = 10_000
const mib = 1024 ** 2

/** A tenant's one-off tasks. Every call checks that the run is the caller's; somebody else's does not exist. */
export class RunService {
  readonly #quotas = new Map<string, { readonly quota: Quota; readonly until: number }>()

  constructor(
    private readonly database: Database,
    private readonly store: RunStore,
    private readonly dispatcher: Dispatcher,
    private readonly templates: Templates,
    private readonly callbacks: Callbacks,
    private readonly follower: RunFollower,
    /** More than may wait are answered with 429. */
    private readonly bounds: RunBounds,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'tenant') this.#quotas.delete(told.id)
    })
    notices.on('missed', () => this.#quotas.clear())
  }

  /**
   * Accepts a run; when this returns it is in the database, and may be under way. The same idempotency key gives
   * the same run.
   * @throws ApiError `queue_full`, `quota_exceeded`, `template_unavailable`, `invalid_request`
   */
  async create(who: Principal, wanted: CreateRun, key: string | undefined): Promise<Run> {
    assertMay(who, 'run.create')
    key = key === undefined ? undefined : ownKey(who, key)
    if (wanted.callbackUrl !== undefined) {
      assertMay(who, 'run.callback')
      await this.callbacks.check(wanted.callbackUrl)
    }
    const { tenantId } = who
    const quota = await this.#quotaOf(tenantId)
    const ownerId = ownerIdOf(who)
    const own = await studentQuotaOf(this.database.pool, { tenantId, ownerId })
    const planned = await this.#plan(who, wanted, quota, own)
    const seated = this.dispatcher.tryAcquire()
    let row: RunRow | undefined
    try {
      const admitted = await this.store.insert(
        {
          ...{ id: newRunId(), tenantId, request: JSON.stringify(wanted), metadata: wanted.metadata ?? {} },
          ...{ language: planned.language, template: planned.run.template, createdBy: who.actor },
          ...{
            casesTotal: wanted.cases?.length ?? null,
            idempotencyKey: key ?? null,
            ...{ ownerId, keyId: who.keyId },
          },
          ...{ requestHash: hashOf(wanted), callbackUrl: wanted.callbackUrl ?? null },
        },
        seated,
      )
      if (typeof admitted === 'string' || admitted instanceof AsManyAsLimit)
        return await this.#instead(who, key, wanted, admitted, quota, own)
      row = admitted
    } finally {
      if (seated && row?.state !== 'running') this.dispatcher.release()
    }
    if (row.state === 'running') this.dispatcher.begin(row, planned, quota)
    else if (!seated) {
      // Another server may have a free place. Whoever is not told looks within a second.
      tell(this.database.relaxed, { type: 'runs' }).catch(() => {})
    }
    return present(row)
  }

  /** What can be run by name. */
  async languages(who: Principal): Promise<Language[]> {
    assertMay(who, 'template.read')
    const languages = languagesOf(await this.templates.list({ recent: true }))
    return languages.filter(({ template }) => allowsTemplate(who, template))
  }

  /** What is missing may have been built a moment ago: then it is looked for again. */
  async #plan(who: Principal, wanted: CreateRun, quota: Quota, own: StudentQuota | undefined): Promise<Plan> {
    const bounds = withinStudent(quota, own)
    const whose =
      own && 'one student may have, which teachers of their class and owners of the tenant can change'
    try {
      return planWithin(who, wanted, await this.templates.list(), bounds, whose)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return planWithin(who, wanted, await this.templates.list({ recent: true }), bounds, whose)
    }
  }

  /** What callbacks of the caller's tenant are signed with. */
  callbackSecret(who: Principal): string {
    assertMay(who, 'callback_secret.read')
    return this.callbacks.secretOf(who.tenantId)
  }

  /** Deletes runs that ended before a time, with their requests and results. */
  async deleteFinished(who: Principal, before: Date): Promise<number> {
    assertMay(who, 'run.delete')
    const deleted = await this.store.deleteFinished(whoseRuns(who), before)
    await audit(this.database.prisma, who, 'run.delete', null, { before: before.toISOString(), deleted })
    return deleted
  }

  /** Newest first. */
  async list(who: Principal, query: RunQuery): Promise<{ items: RunSummary[]; nextCursor: string | null }> {
    assertMay(who, 'run.read')
    const rows = await this.store.list(whoseRuns(who), { ...query, limit: query.limit + 1 })
    const items = rows.slice(0, query.limit).map(summarize)
    return { items, nextCursor: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** @throws ApiError `not_found` */
  async get(who: Principal, id: string): Promise<Run> {
    assertMay(who, 'run.read')
    const row = await this.store.get(whoseRuns(who), id)
    if (row === undefined) throw notFound('run')
    return present(row)
  }

  /** What was asked for. @throws ApiError `not_found` */
  async request(who: Principal, id: string): Promise<CreateRun> {
    await this.get(who, id)
    return createRun.parse(JSON.parse(await this.store.request(id)))
  }

  /** Ends a run in any state; one that has ended stays as it is. */
  async cancel(who: Principal, id: string): Promise<Run> {
    assertMay(who, 'run.cancel')
    await this.get(who, id)
    const row = await this.dispatcher.cancel(id)
    if (row === undefined) return this.get(who, id)
    await audit(this.database.prisma, who, 'run.cancel', id)
    return present(row)
  }

  /** The run when it has ended, or as it is after `withinMs`. */
  async ended(who: Principal, id: string, withinMs: number): Promise<Run> {
    const patience = new AbortController()
    const late = setTimeout(() => patience.abort(), withinMs)
    try {
      return await this.follower.ended(() => this.get(who, id), id, patience.signal)
    } finally {
      clearTimeout(late)
    }
  }

  /** What happens in a run from event number `since` on, wherever it is performed. @throws ApiError `not_found` */
  async *events(who: Principal, id: string, since: number): AsyncGenerator<Numbered> {
    await this.get(who, id)
    yield* this.follower.events(() => this.get(who, id), id, since)
  }

  /** What is answered when nothing was stored: the run that its key stands for, or why it was refused. */
  async #instead(
    who: Principal,
    key: string | undefined,
    wanted: CreateRun,
    refused: Refused,
    quota: Quota,
    own: StudentQuota | undefined,
  ): Promise<Run> {
    const { tenantId } = who
    const known = key === undefined ? undefined : await this.store.byKey(tenantId, key)
    if (known !== undefined) {
      if (known.requestHash === hashOf(wanted)) return this.get(who, known.row.id)
      throw new ApiError(
        'invalid_request',
        'this Idempotency-Key was used with a different request; use a new key',
      )
    }
    if (refused instanceof AsManyAsLimit) throw refused.refusal
    switch (refused) {
      case 'tenant':
        throw notFound('tenant')
      case 'paused':
        throw paused()
      case 'storage':
        throw storageFull(
          await this.store.storedBytes(tenantId),
          (quota.runStorageMiB ?? this.bounds.storageMiB) * mib,
        )
      case 'own_storage':
      case 'own_queue': {
        const used = await usedByStudent(this.database.pool, { tenantId, ownerId: ownerIdOf(who) })
        const [part, asked] =
          refused === 'own_storage'
            ? (['runStorageMiB', JSON.stringify(wanted).length / mib] as const)
            : ([own?.runs === 0 ? 'runs' : 'queuedRuns', 1] as const)
        const most = own?.[part] ?? 0
        throw studentQuotaExceeded(part, most, Math.max(0, most - used[part]), asked)
      }
      case 'queue':
        throw new ApiError(
          'queue_full',
          `${this.bounds.queued} runs of this tenant are queued, which is the limit; try again later`,
          retryAfterSeconds,
        )
      case 'key':
        throw new ApiError(
          'conflict',
          'another request with this Idempotency-Key is in progress; try again',
          1,
        )
    }
  }

  /** As it was a second ago, at most: to ask for each of forty runs a second costs more than to plan it. */
  async #quotaOf(tenantId: string): Promise<Quota> {
    const known = this.#quotas.get(tenantId)
    if (known !== undefined && known.until > performance.now()) return known.quota
    const { rows } = await this.database.pool.query({
      ...{ name: 'quota', text: 'SELECT quota, paused FROM tenant WHERE id = $1', values: [tenantId] },
    })
    if (rows[0] === undefined) throw notFound('tenant')
    if (rows[0].paused === true) throw paused()
    const quota = quotaSchema.parse(rows[0].quota)
    if (this.#quotas.size >= mostQuotas) this.#quotas.clear()
    this.#quotas.set(tenantId, { quota, until: performance.now() + quotaFreshMs })
    return quota
  }
}

const paused = () => new ApiError('conflict', 'an operator has paused this tenant; contact your operator')

function storageFull(bytes: number, mostBytes: number): ApiError {
  const inMiB = (count: number) => (count / mib).toFixed(1)
  return new ApiError(
    'quota_exceeded',
    `requests and results of this tenant's runs take ${inMiB(bytes)} MiB of ${inMiB(mostBytes)} MiB: delete finished ` +
      'runs with DELETE /api/v1/runs?finishedBefore=TIME, wait until they expire, or ask the operator for more runStorageMiB',
  )
}

/** How somebody waits is no part of what is asked for. */
const hashOf = (wanted: CreateRun) => sha256(JSON.stringify({ ...wanted, wait: false }))

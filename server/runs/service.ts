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
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError, notFound } from '../errors.js'
import type { Templates } from '../sandboxes/templates.js'
import type { Callbacks } from './callbacks.js'
import type { Dispatcher } from './dispatcher.js'
import type { Numbered } from './event-log.js'
import { languagesOf, plan } from './plan.js'
import { present, type RunRow, summarize } from './rows.js'
import type { RunQuery, RunStore } from './store.js'

const retryAfterSeconds = 5
const quotaFreshMs = 1000
const mostQuotas = 10_000
/** Of the database, for a tenant's runs, when its quota says nothing else. */
const defaultStorageMiB = 1024
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
    /** Runs of one tenant that may wait; more are answered with 429. */
    private readonly waitingMax: number,
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
    if (wanted.callbackUrl !== undefined) await this.callbacks.check(wanted.callbackUrl)
    const { tenantId } = who
    const quota = await this.#quotaOf(tenantId)
    const planned = plan(wanted, await this.templates.list(), quota)
    if (this.dispatcher.waitingOf(tenantId) >= this.waitingMax) {
      throw new ApiError(
        'queue_full',
        `${this.waitingMax} runs of this tenant are queued, which is the limit; try again later`,
        retryAfterSeconds,
      )
    }
    const seated = this.dispatcher.tryAcquire(tenantId, quota)
    const id = newRunId()
    const storageBytes = (quota.runStorageMiB ?? defaultStorageMiB) * mib
    let row: RunRow | undefined
    try {
      row = await this.store.insert({
        ...{ id, tenantId, state: seated ? 'running' : 'queued', request: JSON.stringify(wanted) },
        ...{ language: planned.language, template: planned.run.template, metadata: wanted.metadata ?? {} },
        ...{ casesTotal: wanted.cases?.length ?? null, idempotencyKey: key ?? null },
        ...{ requestHash: hashOf(wanted), createdBy: who.actor, callbackUrl: wanted.callbackUrl ?? null },
        storageBytes,
      })
    } finally {
      if (seated && row === undefined) this.dispatcher.release(tenantId)
    }
    if (row === undefined) return this.#known(tenantId, key, wanted, storageBytes)
    if (seated) this.dispatcher.begin(row, planned, quota)
    else this.dispatcher.wait(id, tenantId, quota)
    return present(row)
  }

  /** What can be run by name. */
  async languages(who: Principal): Promise<Language[]> {
    assertMay(who, 'template.read')
    return languagesOf(await this.templates.list())
  }

  /** What callbacks of the caller's tenant are signed with. */
  callbackSecret(who: Principal): string {
    assertMay(who, 'callback_secret.read')
    return this.callbacks.secretOf(who.tenantId)
  }

  /** Deletes runs that ended before a time, with their requests and results. */
  async deleteFinished(who: Principal, before: Date): Promise<number> {
    assertMay(who, 'run.delete')
    const deleted = await this.store.deleteFinished(who.tenantId, before)
    await audit(this.database.prisma, who, 'run.delete', null, { before: before.toISOString(), deleted })
    return deleted
  }

  /** Newest first. */
  async list(who: Principal, query: RunQuery): Promise<{ items: RunSummary[]; nextCursor: string | null }> {
    assertMay(who, 'run.read')
    const rows = await this.store.list(who.tenantId, { ...query, limit: query.limit + 1 })
    const items = rows.slice(0, query.limit).map(summarize)
    return { items, nextCursor: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** @throws ApiError `not_found` */
  async get(who: Principal, id: string): Promise<Run> {
    assertMay(who, 'run.read')
    const row = await this.store.get(who.tenantId, id)
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
    const row = await this.store.cancel(id)
    if (row === undefined) return this.get(who, id)
    this.dispatcher.cancel(row)
    await audit(this.database.prisma, who, 'run.cancel', id)
    return present(row)
  }

  /** The run when it has ended, or as it is after `withinMs`. */
  async ended(who: Principal, id: string, withinMs: number): Promise<Run> {
    const eventLog = this.dispatcher.eventLog(id)
    if (eventLog === undefined) return this.get(who, id)
    let late: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      late = setTimeout(resolve, withinMs)
    })
    await Promise.race([eventLog.end(), patience])
    clearTimeout(late)
    return eventLog.result ?? this.get(who, id)
  }

  /** What happens in a run from event number `since` on. @throws ApiError `not_found` */
  async *events(who: Principal, id: string, since: number): AsyncGenerator<Numbered> {
    const run = await this.get(who, id)
    const eventLog = this.dispatcher.eventLog(id)
    if (eventLog !== undefined) yield* eventLog.listen(since)
    else yield { id: Number.MAX_SAFE_INTEGER, event: { type: 'result', run } }
  }

  /** Why nothing was stored: the run is known by its key already, or there is no storage left. */
  async #known(
    tenantId: string,
    key: string | undefined,
    wanted: CreateRun,
    mostBytes: number,
  ): Promise<Run> {
    const known = key === undefined ? undefined : await this.store.byKey(tenantId, key)
    if (known === undefined) {
      const bytes = await this.store.storedBytes(tenantId)
      if (key === undefined || bytes + JSON.stringify(wanted).length > mostBytes)
        throw storageFull(bytes, mostBytes)
      throw new ApiError('conflict', 'another request with this Idempotency-Key is in progress; try again', 1)
    }
    if (known.requestHash === hashOf(wanted)) return present(known.row)
    throw new ApiError(
      'invalid_request',
      'this Idempotency-Key was used with a different request; use a new key',
    )
  }

  /** As it was a second ago, at most: to ask for each of forty runs a second costs more than to plan it. */
  async #quotaOf(tenantId: string): Promise<Quota> {
    const known = this.#quotas.get(tenantId)
    if (known !== undefined && known.until > performance.now()) return known.quota
    const { rows } = await this.database.pool.query({
      ...{ name: 'quota', text: 'SELECT quota, paused FROM tenant WHERE id = $1', values: [tenantId] },
    })
    if (rows[0] === undefined) throw notFound('tenant')
    if (rows[0].paused === true)
      throw new ApiError('conflict', 'an operator has paused this tenant; contact your operator')
    const quota = quotaSchema.parse(rows[0].quota)
    if (this.#quotas.size >= mostQuotas) this.#quotas.clear()
    this.#quotas.set(tenantId, { quota, until: performance.now() + quotaFreshMs })
    return quota
  }
}

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

import { createHmac } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { BlockList } from 'node:net'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { mayCall, ownNetworks } from '../outbound/address.js'
import { addressesOf, pinned } from '../outbound/lookup.js'
import { present, runColumns, runRow } from './rows.js'

/** Waits before the second try and those after it; then it is given up. */
const retryAfterMs = [5000, 30_000, 120_000, 600_000, 3_600_000] as const
const patienceMs = 10_000
/** Of one turn; a receiver that is slow must not make all others wait. */
const atOnce = 16

const due = runRow.extend({ callbackUrl: z.string(), callbackTries: z.number() })

/**
 * Tells results to those who asked for it, by POST, signed, until they take it or it was tried often enough. Those of students are
 * told to nobody: with a body of their choice, signed with the secret of the tenant, they could speak for it.
 */
export class Callbacks {
  constructor(
    private readonly database: Database,
    private readonly secret: string,
    private readonly allowList: BlockList,
    private readonly log: Logger,
  ) {}

  /** What a tenant checks signatures with. */
  secretOf(tenantId: string): string {
    const bytes = createHmac('sha256', this.secret).update(`callback ${tenantId}`).digest()
    return `whsec_${bytes.toString('base64')}`
  }

  /**
   * Refuses an address that leads into this host's network, as far as it can be known now; it is looked at again
   * before each call.
   * @throws ApiError `invalid_request`
   */
  async check(url: string): Promise<void> {
    const { hostname, username } = new URL(url)
    if (username !== '') throw new ApiError('invalid_request', 'callbackUrl must not contain a user name')
    const addresses = await addressesOf(hostname).catch(() => []) // a name may come to be later
    const own = ownNetworks()
    for (const address of addresses) this.#assertPublic(address, own)
  }

  /** Tells what is due. */
  async deliver(): Promise<void> {
    for (;;) {
      // The next try is noted before this one: a server that dies in between tells it once more, not never.
      const { rows } = await this.database.pool.query(
        `UPDATE run SET "callbackTries" = "callbackTries" + 1,
           "callbackAt" = now() AT TIME ZONE 'UTC' + ($1::int[])[least("callbackTries" + 1, ${retryAfterMs.length})] * interval '1 ms'
         WHERE id IN (SELECT id FROM run WHERE "callbackAt" <= now() AT TIME ZONE 'UTC' AND "ownerId" = ''
                      ORDER BY "callbackAt" LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
         RETURNING ${runColumns}, "callbackUrl", "callbackTries"`,
        [[...retryAfterMs]],
      )
      if (rows.length === 0) return
      await Promise.all(rows.map((row) => this.#tell(due.parse(row))))
    }
  }

  async #tell(row: z.infer<typeof due>): Promise<void> {
    try {
      await this.#post(row.callbackUrl, row.tenantId, row.id, JSON.stringify(present(row)))
    } catch (error) {
      if (row.callbackTries <= retryAfterMs.length) return
      this.log.info({ err: error, run: row.id }, 'the result of a run could not be told, and is not any more')
    }
    await this.database.pool.query('UPDATE run SET "callbackAt" = NULL WHERE id = $1', [row.id])
  }

  /**
   * The address that was looked at is the one that is called, and no redirect is followed.
   * @see https://github.com/standard-webhooks/standard-webhooks for the signature
   */
  async #post(url: string, tenantId: string, id: string, body: string): Promise<void> {
    const { hostname, protocol } = new URL(url)
    const [address] = await addressesOf(hostname, { signal: AbortSignal.timeout(patienceMs) })
    if (address === undefined) throw new Error(`${hostname} has no address`)
    this.#assertPublic(address)
    const at = Math.floor(Date.now() / 1000)
    const key = Buffer.from(this.secretOf(tenantId).slice('whsec_'.length), 'base64')
    const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
    const options = {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(patienceMs),
      lookup: pinned(address),
      headers: {
        ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        ...{ 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` },
        'user-agent': 'cloche',
      },
    }
    const status = await new Promise<number>((resolve, reject) => {
      const outgoing = (protocol === 'https:' ? requestHttps : requestHttp)(url, options, (answer) => {
        resolve(answer.statusCode ?? 0)
        answer.destroy()
      })
      outgoing.once('error', reject).end(body)
    })
    if (status < 200 || status >= 300) throw new Error(`${hostname} answered ${status}`)
  }

  #assertPublic(address: string, own = ownNetworks()): void {
    if (mayCall(address, this.allowList, own)) return
    throw new ApiError(
      'invalid_request',
      `callbackUrl resolves to ${address}, which is not a public address; use a public host`,
    )
  }
}

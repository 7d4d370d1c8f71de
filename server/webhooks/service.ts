import { randomBytes } from 'node:crypto'
import type { Webhook as Row } from '../../prisma/generated/client.js'
import {
  type ChangeWebhook,
  type CreateWebhook,
  newId,
  type Webhook,
  type WebhookWithSecret,
  webhookBounds,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { type Action, assertMay, ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { type SignedPosts, secretPrefix } from '../outbound/signed-post.js'
import { storeAnother } from '../tenants/bounds.js'
import type { Sealing } from '../transfers/sealing.js'
import { failPending } from './pending.js'
import { placeOf, present } from './rows.js'

/** As many as the digest of the signature has. */
const secretBytes = 32
const hourMs = 3_600_000

/** Where a tenant has its events sent. `sender.ts` does it. */
export class WebhookService {
  constructor(
    private readonly database: Database,
    private readonly posts: SignedPosts,
    private readonly sealing: Sealing,
  ) {}

  /**
   * @returns the secret as well: it is told once
   * @throws ApiError `invalid_request` for an address that is not public; `quota_exceeded` when there are too many
   */
  async create(who: Principal, wanted: CreateWebhook): Promise<WebhookWithSecret> {
    assertMay(who, 'webhook.create')
    const { tenantId, actor } = who
    const { url, types, enabled } = wanted
    await this.posts.check(url, 'url')
    const id = newId('wh')
    const { host } = new URL(url)
    const name = wanted.name ?? host.slice(0, 64)
    const { secret, sealed } = this.#newSecret(tenantId, id)
    const { prisma } = this.database
    const row = await storeAnother(prisma, tenantId, 'webhook', (client) =>
      client.webhook.create({
        data: {
          id,
          tenantId,
          name,
          url,
          types: [...new Set(types)],
          enabled,
          secret: sealed,
          createdBy: actor,
        },
      }),
    )
    await audit(prisma, who, 'webhook.create', id, { name, host })
    return { ...present(row), secret }
  }

  /** Newest first: a tenant has few. */
  async list(who: Principal): Promise<Webhook[]> {
    assertMay(who, 'webhook.read')
    const rows = await this.database.prisma.webhook.findMany({
      where: { tenantId: who.tenantId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    })
    return rows.map(present)
  }

  async get(who: Principal, id: string): Promise<Webhook> {
    return present(await this.row(who, 'webhook.read', id))
  }

  /** Changes what `wanted` names. One that is disabled sends nothing more, also of what waits. @throws ApiError as `create` */
  async change(who: Principal, id: string, wanted: ChangeWebhook): Promise<Webhook> {
    const { name } = await this.row(who, 'webhook.change', id)
    const { url, types, enabled } = wanted
    if (url !== undefined) await this.posts.check(url, 'url')
    const { prisma } = this.database
    const row = await prisma.$transaction(async (client) => {
      const changed = await client.webhook.update({
        where: { id },
        data: {
          ...(wanted.name === undefined ? {} : { name: wanted.name }),
          ...(url === undefined ? {} : { url }),
          ...(types === undefined ? {} : { types: [...new Set(types)] }),
          ...(enabled === undefined ? {} : { enabled }),
          // Whoever enables it has seen why it was not.
          ...(enabled === true ? { problem: null, failingSince: null } : {}),
        },
      })
      if (enabled === false) await client.$executeRawUnsafe(failPending, id, 'the webhook was disabled')
      return changed
    })
    await audit(prisma, who, 'webhook.change', id, { name, changed: Object.keys(wanted) })
    return present(row)
  }

  /** Another secret. The one before signs too for a day, so that a receiver can be changed meanwhile. */
  async rotate(who: Principal, id: string): Promise<WebhookWithSecret> {
    const { name, tenantId, secret: oldSecret } = await this.row(who, 'webhook.change', id)
    const { secret, sealed } = this.#newSecret(tenantId, id)
    const oldSecretUntil = new Date(Date.now() + webhookBounds.oldSecretHours * hourMs)
    const { prisma } = this.database
    const row = await prisma.webhook.update({
      where: { id },
      data: { secret: sealed, oldSecret, oldSecretUntil },
    })
    await audit(prisma, who, 'webhook.rotate', id, { name })
    return { ...present(row), secret }
  }

  /** With its deliveries. */
  async delete(who: Principal, id: string): Promise<void> {
    const { name } = await this.row(who, 'webhook.delete', id)
    const { prisma } = this.database
    await prisma.webhook.deleteMany({ where: { id } })
    await audit(prisma, who, 'webhook.delete', id, { name })
  }

  /** @throws ApiError `not_found`, the same for what is another tenant's */
  async row(who: Principal, action: Action, id: string): Promise<Row> {
    assertMay(who, action)
    return ofTenant(who, await this.database.prisma.webhook.findUnique({ where: { id } }), 'webhook')
  }

  #newSecret(tenantId: string, id: string) {
    const secret = `${secretPrefix}${randomBytes(secretBytes).toString('base64')}`
    return { secret, sealed: new Uint8Array(this.sealing.seal(secret, placeOf(tenantId, id))) }
  }
}

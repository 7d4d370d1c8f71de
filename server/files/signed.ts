import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { SignedFile, signFile } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { forbidden } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'

type Method = 'GET' | 'PUT'

/** What a token says. Names are short, since it stands in a URL. */
const claims = z.object({
  /** The sandbox, and the file in it. */
  s: z.string(),
  p: z.string(),
  m: z.enum(['GET', 'PUT']),
  /** Tenant, and user or key that have signed it. */
  t: z.string(),
  u: z.string().nullable(),
  k: z.string().nullable(),
  /** Until when it is good, in seconds. */
  e: z.number(),
})
type Claims = z.infer<typeof claims>

/** What a URL gives access to, and as whom. */
export interface Opened {
  readonly principal: Principal
  readonly sandboxId: string
  readonly path: string
}

const actions = { GET: 'file.read', PUT: 'file.write' } as const

/** URLs that read or write one file of one sandbox without another credential, until they expire. */
export class SignedUrls {
  readonly #key: Buffer

  /** @param secret of the installation */
  constructor(
    secret: string,
    private readonly publicUrl: string,
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly sandboxes: SandboxService,
  ) {
    this.#key = createHmac('sha256', secret).update('signed file URLs').digest()
  }

  async sign(who: Principal, id: string, wanted: z.infer<typeof signFile>): Promise<SignedFile> {
    const { path, method, expiresInSeconds } = wanted
    // Of a guest it would outlive the share.
    await this.sandboxes.row(who, 'file.sign', id)
    await this.sandboxes.authorize(who, actions[method], id)
    const until = Math.floor(Date.now() / 1000) + expiresInSeconds
    const token = this.#token({
      ...{ s: id, p: path, m: method, t: who.tenantId, u: who.userId, k: who.keyId, e: until },
    })
    const url = new URL('/api/v1/files/signed', this.publicUrl)
    url.searchParams.set('token', token)
    const expiresAt = new Date(until * 1000).toISOString()
    await audit(this.database.prisma, who, 'file.sign', id, { path, method, expiresAt })
    return { url: url.href, method, path, expiresAt }
  }

  /**
   * Whoever has signed it must still be allowed to do it themselves.
   * @throws ApiError `forbidden` when the token is none of ours, for another method, expired or withdrawn
   */
  async open(token: string, method: Method): Promise<Opened> {
    const { s, p, m, t, u, k, e } = this.#claims(token)
    if (m !== method) throw forbidden(`this URL is for ${m}, not for ${method}`)
    if (e * 1000 <= Date.now()) throw forbidden('this URL has expired; ask for a new one')
    const principal = await this.principals.again({ tenantId: t, userId: u, keyId: k })
    if (principal === undefined) {
      throw forbidden('whoever has signed this URL has no access any more; ask for a new one')
    }
    return { principal, sandboxId: s, path: p }
  }

  #token(said: Claims): string {
    const body = Buffer.from(JSON.stringify(said)).toString('base64url')
    return `${body}.${this.#sign(body).toString('base64url')}`
  }

  #sign(body: string): Buffer {
    return createHmac('sha256', this.#key).update(body).digest()
  }

  #claims(token: string): Claims {
    const [body = '', signature = ''] = token.split('.')
    const [given, own] = [Buffer.from(signature, 'base64url'), this.#sign(body)]
    if (given.length !== own.length || !timingSafeEqual(given, own)) {
      throw forbidden('this URL was not signed by this installation; it may be incomplete')
    }
    return claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString()))
  }
}

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import { portNumber, sandboxId } from '../../protocol/api/index.js'
import { assertGuestMay } from '../auth/permissions.js'
import type { Principals } from '../auth/principal.js'
import { wholeSight } from '../auth/sight.js'
import type { Database } from '../database/client.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import type { ShareAccess } from '../guests/access.js'
import type { PreviewAccess } from './access.js'
import { previewCookie, scopeOf, stateCookie, statesOf } from './cookies.js'
import type { PreviewHosts } from './hosts.js'
import type { PortTarget } from './target.js'

/** Of a preview's origin; no request to it reaches the app. */
export const enterPath = '/.cloche/enter'
/** Of the platform's origin. */
export const openPath = '/api/previews/open'

/** From one redirection to the next. */
const codeSeconds = 60
/** Long enough to sign in meanwhile. */
const stateSeconds = 3600
/** After this a page that is opened goes once more by the platform, without being noticed. */
const cookieSeconds = 24 * 3600

const secret = z.string().regex(/^[\w-]{43}$/)
/** A path of the same host, whatever it looks like. */
const to = z
  .string()
  .max(4096)
  .regex(/^\/(?![/\\])[^\0-\x20\x7f]*$/)
  .catch('/')
const openQuery = z.object({
  sandbox: sandboxId,
  port: z.coerce.number().pipe(portNumber),
  state: secret,
  to,
})
const enterQuery = z.object({ code: secret, to })

const random = () => randomBytes(32).toString('base64url')

/** For a member of the sandbox's tenant, and for whom it is shared with ($7). */
const insertCode = `
  INSERT INTO preview_code (hash, "sandboxId", port, state, "sessionId", "expiresAt")
  SELECT $1, sandbox.id, $3, $4, $5, now() AT TIME ZONE 'UTC' + interval '${codeSeconds} seconds'
  FROM sandbox WHERE sandbox.id = $2 AND sandbox."deletedAt" IS NULL AND ($7 OR EXISTS (
    SELECT FROM member WHERE member."tenantId" = sandbox."tenantId" AND member."userId" = $6
      AND CASE member.role WHEN 'student' THEN sandbox."ownerId" = $6
        WHEN 'member' THEN sandbox."ownerId" = '' OR coalesce(sandbox."ownerId" = ANY(seen_owners(member."tenantId", $6)), true)
        ELSE true END))`
const takeCode = `
  WITH code AS (
    DELETE FROM preview_code WHERE hash = $1 AND "sandboxId" = $2 AND port = $3 AND state = ANY($4)
      AND "expiresAt" > now() AT TIME ZONE 'UTC' RETURNING "sessionId")
  INSERT INTO preview_session (hash, "sandboxId", port, "sessionId", "expiresAt")
  SELECT $5, $2, $3, "sessionId", now() AT TIME ZONE 'UTC' + interval '${cookieSeconds} seconds' FROM code`

/**
 * How a browser that is signed in to the platform gets a cookie of a preview's own origin:
 *
 * 1. The preview has no cookie: it gives the browser a random `state`, and sends it to the platform with its hash.
 * 2. The platform knows the session, checks that it is of a member or of a guest who may, and sends the browser back with a code that is good
 *    once, for a minute, for this port and for this state.
 * 3. The preview takes the code and sets the cookie. Neither code nor cookie reaches the app.
 */
export class Handover {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly access: PreviewAccess,
    private readonly shares: ShareAccess,
    private readonly hosts: PreviewHosts,
    private readonly publicUrl: string,
  ) {}

  get #secure(): boolean {
    return this.publicUrl.startsWith('https:')
  }

  /** Step 1. */
  begin(request: IncomingMessage, response: ServerResponse, { sandboxId, port }: PortTarget): void {
    // Tabs that open at once share it.
    const known = statesOf(request, this.#secure).find((value) => secret.safeParse(value).success)
    const state = known ?? random()
    const url = new URL(openPath, this.publicUrl)
    const query = { sandbox: sandboxId, port: String(port), state: sha256(state), to: to.parse(request.url) }
    url.search = String(new URLSearchParams(query))
    redirect(response, url.href, stateCookie(state, scopeOf(request, this.#secure), stateSeconds))
  }

  /**
   * Step 2, at the platform.
   * @returns where the browser goes next
   * @throws ApiError `not_found` for whoever is neither a member nor a guest, `forbidden` for guests who may not
   */
  async open(request: IncomingMessage, query: unknown): Promise<string> {
    const { sandbox, port, state, to } = openQuery.parse(query)
    const destination = request.headers['sec-fetch-dest']
    if (destination !== undefined && !['document', 'iframe'].includes(destination)) {
      throw new ApiError('forbidden', 'a preview is opened by going there, not by a page in the background')
    }
    const session = await this.principals.sessionOf(request)
    if (session === undefined) return `/sign-in?next=${encodeURIComponent(request.url ?? '/')}`
    const origin = this.hosts.origin({ sandboxId: sandbox, port })
    const code = random()
    const insert = async (asGuest: boolean) => {
      const values = [sha256(code), sandbox, port, state, session.sessionId, session.userId, asGuest]
      const { rowCount } = await this.database.pool.query({ text: insertCode, values })
      return rowCount === 1
    }
    if (origin === null) throw notFound('sandbox')
    if (!(await insert(false))) {
      await this.#assertGuest(session.userId, { sandboxId: sandbox, port })
      if (!(await insert(true))) throw notFound('sandbox')
    }
    return `${origin}${enterPath}?${new URLSearchParams({ code, to })}`
  }

  /** @throws ApiError `not_found`, `forbidden` */
  async #assertGuest(userId: string, target: PortTarget): Promise<void> {
    // What the visitor may open by an exam of theirs is asked of each request (`access.ts`).
    const visitor = { userId, tenantId: '', sight: wholeSight() }
    const { level } = await this.shares.of(visitor, target.sandboxId)
    if (level === undefined) throw notFound('sandbox')
    assertGuestMay(level, 'port.open')
    const found = await this.access.find(target)
    if (found?.visibility === 'tenant') throw forbidden('this port is for members of the tenant only')
  }

  /** Step 3. @throws ApiError `forbidden` when the code is not good */
  async enter(request: IncomingMessage, response: ServerResponse, target: PortTarget): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://preview.invalid')
    const query = enterQuery.safeParse(Object.fromEntries(url.searchParams))
    const states = statesOf(request, this.#secure).map(sha256)
    const cookie = random()
    const { sandboxId, port } = target
    const { rowCount } =
      query.success && states.length > 0
        ? await this.database.pool.query({
            text: takeCode,
            values: [sha256(query.data.code), sandboxId, port, states, sha256(cookie)],
          })
        : { rowCount: 0 }
    if (!query.success || rowCount !== 1) {
      throw new ApiError(
        'forbidden',
        'this link was used already, is older than a minute, or is of another browser; or the browser keeps no cookies',
      )
    }
    redirect(response, query.data.to, previewCookie(cookie, scopeOf(request, this.#secure), cookieSeconds))
  }
}

function redirect(response: ServerResponse, location: string, cookie: string): void {
  response.writeHead(303, {
    ...{ location, 'set-cookie': cookie, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    'content-length': 0,
  })
  response.end()
}

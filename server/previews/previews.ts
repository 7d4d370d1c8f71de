import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Agent } from 'undici'
import { z } from 'zod'
import { portNumber, sandboxId } from '../../protocol/api/index.js'
import type { Principals } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import type { Config } from '../config.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import { asApiError } from '../http/problem.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { SandboxService } from '../sandboxes/service.js'
import { type Admitted, carriesKey, PreviewAccess } from './access.js'
import { portAgent } from './agent.js'
import { enterPath, Handover } from './handover.js'
import type { PreviewHosts } from './hosts.js'
import { OpenPreviews } from './open.js'
import { sendError, wantsPage } from './page.js'
import { type Passage, PreviewProxy } from './proxy.js'
import type { PortTarget } from './target.js'

/** A request for a preview, and how it says so. */
export interface PreviewRequest {
  readonly target: PortTarget
  readonly byHeaders: boolean
}

/** Paths of a preview's origin that are the platform's. */
const reserved = '/.cloche/'

const named = z.object({ sandboxId, port: z.coerce.number().pipe(portNumber) })

/** What visitors of ports of sandboxes are answered. */
export class Previews implements Disposable {
  readonly handover: Handover
  readonly #access: PreviewAccess
  readonly #open: OpenPreviews
  readonly #agent: Agent
  readonly #proxy: PreviewProxy
  readonly #sandboxes: SandboxService

  constructor(
    private readonly config: Pick<Config, 'publicUrl' | 'trustedProxies' | 'previewTimeoutMs'>,
    private readonly hosts: PreviewHosts,
    parts: {
      readonly database: Database
      readonly principals: Principals
      readonly watch: AccessWatch
      readonly notices: Notices
      readonly nodes: NodeRegistry
      readonly sandboxes: SandboxService
    },
  ) {
    const { database, principals, watch, notices, nodes } = parts
    this.#sandboxes = parts.sandboxes
    const { publicUrl } = config
    const { shares, guests } = parts.sandboxes
    const access = new PreviewAccess(database, principals, shares, notices, publicUrl.startsWith('https:'))
    this.#access = access
    this.handover = new Handover(database, principals, access, shares, hosts, publicUrl)
    this.#open = new OpenPreviews(access, watch, guests, notices)
    this.#agent = portAgent(async (target) => {
      const found = await access.find(target)
      if (found === undefined) throw notFound('sandbox')
      const node = await nodes.reach(found.nodeId)
      return node.connectPort(target.sandboxId, target.port)
    }, config.previewTimeoutMs)
    this.#proxy = new PreviewProxy(this.#agent, config.previewTimeoutMs)
  }

  /** Who may open a port was changed here. */
  changed(target: PortTarget): void {
    this.#access.forget()
    void this.#open.check(target)
  }

  /** Cuts off every visitor. */
  endAll(): void {
    this.#open.endAll()
  }

  [Symbol.dispose](): void {
    this.endAll()
    void this.#agent.destroy()
  }

  /** @returns undefined for what is no request for a preview */
  of(request: IncomingMessage): PreviewRequest | undefined {
    const { host, 'cloche-sandbox': id, 'cloche-port': port } = request.headers
    const target = this.hosts.of(host)
    if (target !== undefined) return { target, byHeaders: false }
    const { data } = named.safeParse({ sandboxId: id, port })
    return data === undefined ? undefined : { target: data, byHeaders: true }
  }

  async request(request: IncomingMessage, response: ServerResponse, preview: PreviewRequest): Promise<void> {
    const { target, byHeaders } = preview
    try {
      if (!byHeaders && request.url?.startsWith(reserved))
        return await this.#ownPath(request, response, target)
      // An address of its own in the request line is for proxies that lead elsewhere.
      if (!request.url?.startsWith('/')) {
        throw new ApiError('invalid_request', 'the request line must hold a path')
      }
      const admitted = await this.#admit(request, preview)
      await this.#sandboxes.visit(target.sandboxId, response)
      if (!response.destroyed) this.#proxy.pass(request, response, this.#passage(request, preview, admitted))
    } catch (error) {
      const refusal = asApiError(error)
      if (refusal.code === 'unauthenticated' && !byHeaders && wantsPage(request) && !carriesKey(request)) {
        return this.handover.begin(request, response, target)
      }
      sendError(request, response, refusal)
      request.resume()
    }
  }

  async upgrade(
    request: IncomingMessage,
    line: Socket,
    head: Buffer,
    response: ServerResponse,
    preview: PreviewRequest,
  ): Promise<void> {
    try {
      const admitted = await this.#admit(request, preview)
      await this.#sandboxes.visit(preview.target.sandboxId, line)
      if (line.destroyed) return
      this.#proxy.upgrade(request, line, head, response, this.#passage(request, preview, admitted))
    } catch (error) {
      sendError(request, response, asApiError(error))
    }
  }

  async #ownPath(request: IncomingMessage, response: ServerResponse, target: PortTarget): Promise<void> {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== enterPath) throw notFound('page')
    try {
      await this.handover.enter(request, response, target)
    } catch (error) {
      sendError(request, response, asApiError(error), {
        url: '/',
        text: { en: 'Open the preview again', zh: '重新打开预览' },
      })
    }
  }

  async #admit(request: IncomingMessage, { target, byHeaders }: PreviewRequest): Promise<Admitted> {
    const admitted = await this.#access.admit(request, target, !byHeaders)
    // A cookie goes with what any page asks for; a key does not.
    if (admitted.who?.kind === 'user') refuseForeignPage(request, target, this.hosts)
    return admitted
  }

  #passage(request: IncomingMessage, { target, byHeaders }: PreviewRequest, admitted: Admitted): Passage {
    const { publicUrl, trustedProxies } = this.config
    return {
      target,
      arrival: {
        ...{ scheme: publicUrl.slice(0, publicUrl.indexOf(':')), byHeaders, port: target.port },
        ...{ withKey: carriesKey(request), behindProxy: trustedProxies.length > 0 },
      },
      added: byHeaders ? atThePlatform : admitted.who === null ? [] : framedBy(publicUrl),
      opened: (end) => this.#open.add(target, admitted, end),
      failed: (response, error) => sendError(request, response, error),
    }
  }
}

/** An answer under the name of the platform must never act as a page of it. */
const atThePlatform = [
  ...['Content-Security-Policy', 'sandbox', 'X-Content-Type-Options', 'nosniff'],
  ...['Cache-Control', 'no-store', 'Cross-Origin-Resource-Policy', 'same-origin'],
]

/** A private preview is in no frame but its own and the platform's. */
const framedBy = (publicUrl: string) => ['Content-Security-Policy', `frame-ancestors 'self' ${publicUrl}`]

/**
 * Refuses what a page of another origin asks for with the visitor's cookie: previews of one domain are one site for a
 * browser, so that `SameSite` does not keep them apart. Going there by a link is allowed.
 * @throws ApiError `forbidden`
 */
function refuseForeignPage(
  { method, headers }: IncomingMessage,
  target: PortTarget,
  hosts: PreviewHosts,
): void {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers
  const own = origin !== undefined && hosts.isSibling(origin, target)
  const goesThere = mode === 'navigate' && (method === 'GET' || method === 'HEAD')
  const fromElsewhere = origin === undefined ? site === 'same-site' || site === 'cross-site' : !own
  if (fromElsewhere && !goesThere) {
    throw forbidden(
      'pages of other origins cannot use this preview with your access; make the port public for that',
    )
  }
}

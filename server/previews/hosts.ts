import type { PortTarget } from './target.js'

/**
 * The origins of previews: `<port>-<id without sb_>.<domain>`, at the scheme and port of the platform.
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3 which leads every name below `localhost` to loopback
 */
export class PreviewHosts {
  readonly #pattern: RegExp | undefined
  readonly #platform: URL

  /** @param domain null when this installation has none */
  constructor(
    readonly domain: string | null,
    publicUrl: string,
  ) {
    this.#platform = new URL(publicUrl)
    if (domain === null) return
    const escaped = domain.replaceAll('.', '\\.')
    this.#pattern = new RegExp(`^(\\d{1,5})-([0-9a-z]{20})\\.${escaped}(:\\d{1,5})?$`, 'i')
  }

  /** @returns undefined for a host that is no preview */
  of(host: string | undefined): PortTarget | undefined {
    const [, port, id] = this.#pattern?.exec(host ?? '') ?? []
    if (port === undefined || id === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
    return { sandboxId: `sb_${id.toLowerCase()}`, port: Number(port) }
  }

  /** Where a port is opened in a browser; null when this installation has no domain for previews. */
  origin({ sandboxId, port }: PortTarget): string | null {
    if (this.domain === null) return null
    const url = new URL(this.#platform)
    url.hostname = `${port}-${sandboxId.slice('sb_'.length)}.${this.domain}`
    return url.origin
  }

  /** All of them, as a source of a content security policy; null when there are none. */
  get source(): string | null {
    if (this.domain === null) return null
    const { protocol, port } = this.#platform
    return `${protocol}//*.${this.domain}${port === '' ? '' : `:${port}`}`
  }

  /** Whether a page of this origin is of a port of the same sandbox. */
  isSibling(origin: string, { sandboxId }: PortTarget): boolean {
    const host = URL.canParse(origin) ? new URL(origin).host : undefined
    return this.of(host)?.sandboxId === sandboxId
  }
}

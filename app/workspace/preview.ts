import { z } from 'zod'
import '../lib/jitless'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'
import { isNarrow } from './shown-panes'

/** Widths at which an app is looked at, in pixels. */
export const deviceWidths = { phone: 390, tablet: 768, full: null } as const
export type DeviceWidth = keyof typeof deviceWidths

const place = z.object({
  port: z.int().min(1).max(65_535),
  path: z.string().max(4096).regex(/^\//).catch('/'),
})
const width = z.enum(['phone', 'tablet', 'full']).catch('full')
const remembered = z.object({ ...place.shape, shown: z.boolean().catch(true), width })

/** A page of an app. */
export type Place = z.infer<typeof place>

export interface Previewed extends Place {
  readonly width: DeviceWidth
  /** Counts how often it was asked for: each time it is loaded anew. */
  readonly load: number
}

/** The app that is shown beside the editor. This browser remembers it for each sandbox. */
export class PreviewStore extends Store<Previewed | null> {
  readonly #key: string
  /** What was shown last. */
  #last: Previewed | null

  constructor(sandboxId: string) {
    const key = `cloche-preview-${sandboxId}`
    const { data } = remembered.safeParse(read(key))
    const last = data ? { port: data.port, path: data.path, width: data.width, load: 0 } : null
    // On a phone it would cover the terminal.
    super(data?.shown && !isNarrow() ? last : null)
    this.#key = key
    this.#last = last
  }

  /** Shows a page, or the same one anew. @param path of the page that was shown last, when it is left out */
  show({ port, path }: { readonly port: number; readonly path?: string }): void {
    const last = this.#last
    this.#keep({
      port,
      path: path ?? (last?.port === port ? last.path : '/'),
      width: last?.width ?? 'full',
      load: (last?.load ?? 0) + 1,
    })
  }

  setWidth(width: DeviceWidth): void {
    const now = this.get()
    if (now) this.#keep({ ...now, width })
  }

  close(): void {
    this.set(null)
    if (this.#last) this.#write(this.#last, false)
  }

  #keep(next: Previewed): void {
    this.#last = next
    this.set(next)
    this.#write(next, true)
  }

  #write({ port, path, width }: Previewed, shown: boolean): void {
    write(this.#key, { port, path, width, shown })
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '[::]'])

/**
 * Reads what somebody typed as an address: a path, an address of the preview, or the address that the app printed, such as
 * `http://localhost:5173/app`, which may name another port.
 * @param origin of the preview that is shown
 * @returns null for an address of something else
 */
export function placeOf(typed: string, port: number, origin: string | null): Place | null {
  const text = typed.trim()
  const local = /^:(\d{1,5})(\/.*)?$/.exec(text)
  if (local) return place.safeParse({ port: Number(local[1]), path: local[2] ?? '/' }).data ?? null
  const named = /^[\w.[\]:-]+:\d+(\/|$)/.test(text) ? `http://${text}` : text
  if (!/^https?:\/\//i.test(named)) return { port, path: text.startsWith('/') ? text : `/${text}` }
  if (!URL.canParse(named)) return null
  const url = new URL(named)
  const path = `${url.pathname}${url.search}${url.hash}`
  if (url.origin === origin) return { port, path }
  if (!loopback.has(url.hostname)) return null
  return place.safeParse({ port: Number(url.port || 80), path }).data ?? null
}

import { z } from 'zod'
import '../lib/jitless'
import { withoutControls } from './paste'
import { read, write } from './preferences'
import { Store } from './store'

/** What a program may put on the clipboard at once. */
export const mostCopiedBytes = 100 * 1024

/**
 * The text that a program wants on the clipboard with OSC 52; null for a question what is there, which is never
 * answered, and for what is no text. Without control characters, as it will be pasted into other terminals.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
export function copiedText(payload: string): string | null {
  const base64 = /^[cpqs0-7]*;([A-Za-z0-9+/]+={0,2})$/.exec(payload)?.[1]
  if (base64 === undefined || base64.length > Math.ceil(mostCopiedBytes / 3) * 4) return null
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return withoutControls(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) || null
  } catch {
    return null // neither base64 nor UTF-8
  }
}

export const permissions = ['ask', 'allow', 'block'] as const
export type Permission = (typeof permissions)[number]

const key = 'cloche-clipboard'
/** Answers that are remembered; of more, the oldest are asked again. */
const mostRemembered = 200
const remembered = z.record(z.string().max(64), z.enum(permissions)).catch({})

/** Whether programs of one sandbox may put text on the clipboard of this browser. */
export class ClipboardPermission extends Store<Permission> {
  readonly #sandboxId: string

  constructor(sandboxId: string) {
    super(remembered.parse(read(key) ?? {})[sandboxId] ?? 'ask')
    this.#sandboxId = sandboxId
  }

  answer(permission: Permission): void {
    this.set(permission)
    const { [this.#sandboxId]: _, ...others } = remembered.parse(read(key) ?? {})
    const kept = Object.entries(others).slice(1 - mostRemembered)
    write(key, Object.fromEntries([...kept, [this.#sandboxId, permission]]))
  }
}

import { z } from 'zod'
import '../lib/jitless'
import { Store } from './store'
import { themeNames } from './themes'

const schema = z.object({
  fontSize: z.int().min(8).max(32).catch(14),
  theme: z.enum(themeNames).catch('page'),
  bell: z.boolean().catch(true),
  cursorBlink: z.boolean().catch(true),
  /** On a Mac, Option types characters, as everywhere there, unless it is to be the Meta key of shells and editors. */
  optionIsMeta: z.boolean().catch(false),
  /** Puts the text into the document for screen readers. Costs speed, so it is asked for. */
  screenReader: z.boolean().catch(false),
})
export type Preferences = z.infer<typeof schema>

const key = 'cloche-terminal'

/** This browser's taste in terminals: the same in all of them. */
export class PreferenceStore extends Store<Preferences> {
  constructor() {
    super(schema.parse(read(key) ?? {}))
  }

  change(change: Partial<Preferences>): void {
    const next = schema.parse({ ...this.get(), ...change })
    this.set(next)
    write(key, next)
  }

  /** Bigger or smaller text, by so many pixels. */
  resizeText(by: number): void {
    this.change({ fontSize: Math.min(32, Math.max(8, this.get().fontSize + by)) })
  }
}

let shared: PreferenceStore | undefined

export function preferences(): PreferenceStore {
  shared ??= new PreferenceStore()
  return shared
}

/** Storage can be full or forbidden; then things are as new, and nobody is bothered. */
export function read(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null')
  } catch {
    return null
  }
}

export function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value))
  } catch {
    // As above.
  }
}

import { z } from 'zod'
import { compareMode } from '../../lib/protocol-runs'
import type { Draft, RunRequest } from './draft'
import { draftPrefix } from './forget-drafts'

/** A browser keeps some 5 MiB for a site; a larger draft is not stored. */
const lengthMax = 2_000_000

const program = z.object({ code: z.string(), stdin: z.string() })
const draft = z.object({
  language: z.string(),
  programs: z.record(z.string(), program),
  cases: z.array(
    z.object({
      key: z.string(),
      name: z.string(),
      stdin: z.string(),
      expected: z.string(),
      compare: compareMode,
    }),
  ),
  // The API parses a request when it is sent.
  base: z.custom<RunRequest>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
})

/** The draft of the last visit; null when there is none, or it is of a language that is gone. */
export function loadDraft(key: string, languages: readonly { readonly name: string }[]): Draft | null {
  try {
    const stored = window.localStorage.getItem(draftPrefix + key)
    const parsed = draft.safeParse(JSON.parse(stored ?? 'null'))
    return parsed.success && languages.some(({ name }) => name === parsed.data.language) ? parsed.data : null
  } catch {
    return null // Storage is off, or holds no JSON: the page begins with an example.
  }
}

/** Keeps a draft for the next visit. Without storage the page works as before. */
export function storeDraft(key: string, value: Draft): void {
  try {
    const text = JSON.stringify(value)
    if (text.length <= lengthMax) window.localStorage.setItem(draftPrefix + key, text)
  } catch {
    // Storage is off or full: nothing depends on it.
  }
}

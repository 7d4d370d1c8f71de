/** What one check found: `missing` is essential and stops `bin/up`; `advice` is not. */
export interface Finding {
  readonly what: string
  readonly state: 'ok' | 'missing' | 'advice'
  readonly note: string
  /** What to type, or to do, when it is not ok. */
  readonly fix?: string
}

export const ok = (what: string, note: string): Finding => ({ what, state: 'ok', note })
export const missing = (what: string, note: string, fix: string): Finding => ({
  what,
  state: 'missing',
  note,
  fix,
})
export const advice = (what: string, note: string, fix: string): Finding => ({
  what,
  state: 'advice',
  note,
  fix,
})

/**
 * Does the thing itself, since no version number says as surely that this kernel can and may.
 * @param act returns the note
 */
export async function attempt(
  what: string,
  act: () => string | Promise<string>,
  fix: string,
): Promise<Finding> {
  try {
    return ok(what, await act())
  } catch (error) {
    return missing(what, firstLine(error), fix)
  }
}

export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().split('\n')[0] ?? ''
}

/** One line for each finding, and its fix on the same line. */
export function render({ what, state, note, fix }: Finding): string {
  return `${state.padEnd(8)} ${what}: ${note}${fix === undefined ? '' : `. ${fix}`}`
}

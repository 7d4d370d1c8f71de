import type { LspClose } from '../lib/protocol'
import { retryDelayMs } from '../terminal/backoff'

/** How a connection to a language server ended: a reason of the API, or that it broke. */
export type EndReason = LspClose | 'broken'

/** After so many deaths in a row it is not started again by itself. */
const deathsMax = 5
/** A server that ran for so long is well: the next death is the first again. */
export const wellMs = 60_000

export type AfterEnd =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'stopped' | 'absent' }

/** What needs something else than another try. */
const final: Partial<Readonly<Record<EndReason, 'stopped' | 'absent'>>> = {
  notInstalled: 'absent',
  refused: 'stopped',
  notFound: 'stopped',
  accessEnded: 'stopped',
  tooMany: 'stopped',
  badMessage: 'stopped',
}
/** What is no fault of the server: it is tried for as long as the page is open. */
const patient: ReadonlySet<EndReason> = new Set(['broken', 'restart', 'unreachable'])

/**
 * What follows the end of a language server.
 *
 * @param deaths how often it ended in a row, this time included
 */
export function afterEnd(reason: EndReason, deaths: number, random = Math.random): AfterEnd {
  const kind = final[reason]
  if (kind) return { kind }
  if (!patient.has(reason) && deaths >= deathsMax) return { kind: 'stopped' }
  return { kind: 'retry', delayMs: retryDelayMs(deaths - 1, random) }
}

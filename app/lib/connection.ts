import { retryDelayMs } from '../terminal/backoff'
import { Store } from '../terminal/store'

/** Whether calls get through. While they do not, one probe of the server is repeated for all of them. */
export type ConnectionStatus =
  | { readonly kind: 'up' }
  | { readonly kind: 'down'; readonly attempt: number; readonly retryAtMs: number }

const up: ConnectionStatus = { kind: 'up' }
/** A server that lives answers this at once; a line that swallows packets never fails by itself. */
const probeTimeoutMs = 5000

export const connection = new Store<ConnectionStatus>(up)
let timer: ReturnType<typeof setTimeout> | undefined

/** A call was answered, whatever the answer. */
export function reportAnswer(): void {
  clearTimeout(timer)
  connection.set(up)
}

/** A call had no answer. */
export function reportNoAnswer(): void {
  if (connection.get().kind === 'up') schedule(0)
}

/** Asks now instead of when its time comes. */
export function retryNow(): void {
  const status = connection.get()
  if (status.kind === 'down') void probe(status.attempt)
}

/** Asks at once when the browser says that there is a network again. @returns what ends that */
export function watchOnline(): () => void {
  window.addEventListener('online', retryNow)
  return () => window.removeEventListener('online', retryNow)
}

/** Calls `callback` each time the connection is back. */
export function onReconnect(callback: () => void): () => void {
  let before = connection.get().kind
  return connection.subscribe(() => {
    const { kind } = connection.get()
    if (kind === 'up' && before === 'down') callback()
    before = kind
  })
}

function schedule(attempt: number): void {
  clearTimeout(timer)
  const delayMs = retryDelayMs(attempt)
  connection.set({ kind: 'down', attempt, retryAtMs: Date.now() + delayMs })
  timer = setTimeout(() => void probe(attempt), delayMs)
}

async function probe(attempt: number): Promise<void> {
  clearTimeout(timer)
  try {
    const answer = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(probeTimeoutMs) })
    if (answer.ok) return reportAnswer()
  } catch {
    // No answer: the next try is due.
  }
  if (connection.get().kind === 'down') schedule(attempt + 1)
}

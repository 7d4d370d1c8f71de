import { Unreachable } from '../../../../lib/api'

/** The most of an answer that is read: more is of no use on a page, and a stream may never end. */
export const readBytesMax = 256 * 1024

/** An answer, as far as it was read. */
export interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly type: string
  /** Until the headers were there. */
  readonly firstMs: number
  readonly totalMs: number
  readonly bytes: number
  /** `cut`: there was more than is read. `stopped`: by the person. `broken`: by the line. */
  readonly end: 'reading' | 'whole' | 'cut' | 'stopped' | 'broken'
  /** Null for what is no text. */
  readonly text: string | null
  readonly content: Blob
}

/**
 * Sends a request and reads its answer.
 *
 * @param onRead told whenever more has come, with what gives all of it so far
 * @throws Unreachable when there is no answer at all; the reason of `signal` when it is stopped before there is one
 */
export async function exchange(
  url: string,
  init: RequestInit,
  signal: AbortSignal,
  onRead: (soFar: () => Answer) => void,
): Promise<Answer> {
  const beganMs = performance.now()
  const response = await fetch(url, { ...init, signal }).catch((cause: unknown) => {
    if (signal.aborted) throw cause
    throw new Unreachable(cause)
  })
  const firstMs = performance.now() - beganMs
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? ''
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  const answer = (end: Answer['end']): Answer => ({
    ...{ status: response.status, headers: [...response.headers], type, firstMs, bytes, end },
    totalMs: performance.now() - beganMs,
    text: textOf(chunks, type),
    content: new Blob(chunks, { type: 'application/octet-stream' }),
  })
  const reader = response.body?.getReader()
  if (reader === undefined) return answer('whole')
  onRead(() => answer('reading'))
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return answer('whole')
      const room = readBytesMax - bytes
      chunks.push(value.subarray(0, room))
      bytes += Math.min(value.length, room)
      if (value.length > room) {
        await reader.cancel()
        return answer('cut')
      }
      onRead(() => answer('reading'))
    }
  } catch {
    return answer(signal.aborted ? 'stopped' : 'broken')
  }
}

/** Bytes as text, with JSON laid out; null where they are none. A character at the end may be half there. */
export function textOf(chunks: readonly Uint8Array[], type: string): string | null {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('')
    if (text.includes('\0')) return null
    return /json$/.test(type) ? laidOut(text) : text
  } catch {
    return null
  }
}

function laidOut(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}

'use client'

import { useEffect, useRef, useState } from 'react'
import { type Problem, problem } from '../../../../lib/protocol'
import type { FieldRemark } from './body-remarks'
import { type Answer, exchange } from './exchange'

/** An answer with what the server says of single fields. */
export interface Answered extends Answer {
  readonly remarks: readonly FieldRemark[]
}

/** One exchange at a time, which ends with the page. */
export function useExchange() {
  const [answer, setAnswer] = useState<Answered | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])

  const send = async (url: string, init: RequestInit): Promise<void> => {
    const abort = new AbortController()
    running.current?.abort()
    running.current = abort
    setAnswer(null)
    setError(null)
    setBusy(true)
    let frame = 0
    try {
      const whole = await exchange(url, init, abort.signal, (soFar) => {
        // A stream may come in many pieces: once for each picture that the browser draws is enough.
        cancelAnimationFrame(frame)
        frame = requestAnimationFrame(() => setAnswer({ ...soFar(), remarks: [] }))
      })
      cancelAnimationFrame(frame)
      setAnswer({ ...whole, remarks: remarksOf(whole) })
    } catch (failure) {
      if (!abort.signal.aborted) setError(failure)
    } finally {
      if (running.current === abort) setBusy(false)
    }
  }
  return { answer, error, busy, send, stop: () => running.current?.abort() }
}

function remarksOf({ text, type }: Answer): readonly FieldRemark[] {
  // One that took long began as a success: its type cannot be taken back.
  if (!/json$/.test(type) || text === null) return []
  return (problemIn(text)?.errors ?? []).map(({ path, message }) => ({
    ...{ field: path.replace(/^\//, '').replaceAll('/', '.'), message },
  }))
}

function problemIn(text: string): Problem | undefined {
  try {
    return problem.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

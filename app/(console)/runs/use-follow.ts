'use client'

import { useEffect, useState } from 'react'
import { ApiError, call, NotUnderstood } from '../../lib/api'
import { run, runEvent } from '../../lib/protocol-runs'
import { after, nothingShown, type Shown } from './shown'

/** Events are drawn together this often: a program may print faster than a page can be drawn. */
const drawMs = 50
/** After a refusal by something in between, such as a proxy whose server starts again. */
const againMs = 2000

export interface Follow {
  readonly shown: Shown
  /** It will not come any more. */
  readonly error: Error | undefined
  /** The line is broken, and tries by itself. */
  readonly broken: boolean
}

const start: Follow = { shown: nothingShown, error: undefined, broken: false }

/** What happens in a run, as it happens, up to its result. An `id` of null follows nothing. */
export function useFollow(id: string | null): Follow {
  const [follow, setFollow] = useState<Follow>(start)
  useEffect(() => {
    setFollow(start)
    return id === null ? undefined : listen(id, setFollow)
  }, [id])
  return follow
}

function listen(id: string, set: (change: (now: Follow) => Follow) => void): () => void {
  const path = `/runs/${encodeURIComponent(id)}`
  let source: EventSource | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let drawing: ReturnType<typeof setTimeout> | undefined
  let shown = nothingShown
  let over = false

  const draw = () => {
    drawing = undefined
    set((now) => ({ ...now, shown, broken: false }))
  }
  const fail = (error: Error) => {
    close()
    set((now) => ({ ...now, error }))
  }
  const hear = (message: MessageEvent<string>) => {
    const event = runEvent.safeParse(json(message.data))
    if (!event.success) return fail(new NotUnderstood(event.error))
    shown = after(shown, event.data)
    if (event.data.type === 'result') close()
    drawing ??= setTimeout(draw, drawMs)
  }
  /** `EventSource` tries again after a broken line, but not after a refusal: the API says whether to. */
  const refused = async () => {
    try {
      await call(run, path)
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return fail(error)
    }
    if (!over) again = setTimeout(open, againMs)
  }
  const open = () => {
    shown = nothingShown
    source = new EventSource(`/api/v1${path}/events`)
    for (const { shape } of runEvent.options) source.addEventListener(shape.type.value, hear)
    source.onopen = () => set((now) => ({ ...now, broken: false }))
    source.onerror = () => {
      if (over) return
      set((now) => ({ ...now, broken: true }))
      if (source?.readyState === EventSource.CLOSED) void refused()
    }
  }
  const close = () => {
    over = true
    source?.close()
    clearTimeout(again)
  }
  open()
  return () => {
    close()
    clearTimeout(drawing)
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

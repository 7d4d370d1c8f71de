'use client'

import { useEffect, useState } from 'react'
import { ApiError, call, NotUnderstood } from '../../lib/api'
import { build, buildEvent, buildEventKinds } from '../../lib/protocol-builds'
import { after, nothingShown, type Shown } from './shown'

/** Events are drawn together this often: a program may print faster than a page can be drawn. */
const drawMs = 100
/** After a refusal by something in between, such as a proxy whose server starts again. */
const againMs = 2000

export interface Follow {
  readonly shown: Shown
  /** It will not come any more. */
  readonly error: Error | undefined
  /** The connection is lost, and tries by itself. */
  readonly broken: boolean
}

const start: Follow = { shown: nothingShown, error: undefined, broken: false }

/** What a build tells, as it tells it, up to its end. @param path of the build at the API */
export function useBuild(path: string): Follow {
  const [follow, setFollow] = useState<Follow>(start)
  useEffect(() => {
    setFollow(start)
    return listen(path, setFollow)
  }, [path])
  return follow
}

function listen(path: string, set: (change: (now: Follow) => Follow) => void): () => void {
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
  const hear = ({ data }: MessageEvent<string>) => {
    const event = buildEvent.safeParse(json(data))
    if (!event.success) return fail(new NotUnderstood(event.error))
    shown = after(shown, event.data)
    if (event.data.type === 'end') close()
    drawing ??= setTimeout(draw, drawMs)
  }
  /** `EventSource` tries again after a lost connection, but not after a refusal: the API says whether to. */
  const refused = async () => {
    try {
      await call(build, path)
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return fail(error)
    }
    if (!over) again = setTimeout(open, againMs)
  }
  const open = () => {
    // It asks for what comes after the last event that it heard; a new one hears all of them again.
    source = new EventSource(`/api/v1${path}/events`)
    for (const kind of Object.keys(buildEventKinds)) source.addEventListener(kind, hear)
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

'use client'

import { useEffect, useRef, useState } from 'react'
import { cn } from '../../../lib/cn'
import type { OpenApi } from '../../../lib/protocol-openapi'
import { CallDetails } from './call-details'
import type { ApiCall } from './openapi'

const methodLook: Readonly<Record<string, string>> = {
  GET: 'text-accent',
  DELETE: 'text-bad',
}

/** One call: a line that opens to its details. Opens by itself, and takes the focus, whenever `wanted` is another object. */
export function CallItem({ api, call, wanted }: { api: OpenApi; call: ApiCall; wanted: object | undefined }) {
  const [open, setOpen] = useState(false)
  const line = useRef<HTMLElement>(null)
  useEffect(() => {
    if (wanted === undefined) return
    setOpen(true)
    line.current?.scrollIntoView({ block: 'start' })
    line.current?.focus({ preventScroll: true })
  }, [wanted])
  return (
    <li id={call.operationId}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary
          ref={line}
          className="flex scroll-mt-14 cursor-pointer flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-2.5 hover:bg-hover"
        >
          <MethodAndPath call={call} />
          <span className="text-muted">{call.summary}</span>
        </summary>
        {open && <CallDetails api={api} call={call} />}
      </details>
    </li>
  )
}

export function MethodAndPath({ call: { method, path } }: { call: ApiCall }) {
  return (
    <>
      <span className={cn('w-14 shrink-0 font-medium font-mono text-xs', methodLook[method] ?? 'text-warn')}>
        {method}
      </span>
      <code className="break-all text-xs">{path}</code>
    </>
  )
}

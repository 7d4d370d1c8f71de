'use client'

import { useEffect, useEffectEvent, useState } from 'react'
import { oneLine, sentence } from '../../lib/format'
import type { Sandbox, SandboxState } from '../../lib/protocol'
import { stepsOf, useSandboxActions } from '../sandbox/actions'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'

const texts: Partial<Record<SandboxState, { title: string; text: string }>> = {
  creating: { title: 'Creating', text: 'Ready in seconds.' },
  paused: {
    title: 'Paused',
    text: 'Processes are frozen and use no CPU. Resume to continue.',
  },
  stopped: { title: 'Stopped', text: 'No processes are running. Your files are kept.' },
  failed: { title: 'Failed', text: 'The sandbox could not be started. Its files are kept.' },
  unreachable: {
    title: 'Unreachable',
    text: 'The node that it runs on does not answer. Nothing is lost: it continues as it was when the node is back.',
  },
}

const waking = { title: 'Waking up', text: 'Nothing used the sandbox, so it was put to sleep.' }

/** Lies over the terminals when the sandbox does not run, and offers the way on. */
export function StatePanel({ sandbox }: { sandbox: Sandbox }) {
  const actions = useSandboxActions()
  const [busy, setBusy] = useState(false)
  const home = useFocusHome()
  const [step] = stepsOf[sandbox.state]
  const shown = sandbox.asleep ? waking : texts[sandbox.state]
  const wake = useEffectEvent(() => step && actions.take(sandbox, step))
  // Whoever opens one that fell asleep uses it.
  useEffect(() => {
    if (sandbox.asleep) void wake()
  }, [sandbox.asleep])
  if (!shown) return null
  return (
    <div className="absolute inset-0 z-20 grid animate-fade place-content-center bg-shade p-4">
      <section
        aria-label="State of the sandbox"
        className="grid max-w-sm justify-items-center gap-3 rounded-xl bg-raised px-8 py-6 text-center shadow-pop"
      >
        <div role="status" className="grid gap-1">
          <h2 className="font-semibold text-base">{shown.title}</h2>
          <p className="text-balance text-muted">
            {sandbox.state === 'failed' && sandbox.failure
              ? sentence(oneLine(sandbox.failure, 400))
              : shown.text}
          </p>
        </div>
        {step && !sandbox.asleep && (
          <Button
            look="primary"
            busy={busy}
            onClick={async () => {
              setBusy(true)
              home.focus()
              await actions.take(sandbox, step)
              setBusy(false)
            }}
          >
            <step.icon aria-hidden />
            {step.name}
          </Button>
        )}
      </section>
    </div>
  )
}

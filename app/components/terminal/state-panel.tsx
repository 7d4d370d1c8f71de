'use client'

import { useEffect, useEffectEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine, sentence } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import { stepsOf, useSandboxActions } from '../sandbox/actions'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'

/** The states that have something to say about them. */
const told = ['creating', 'paused', 'stopped', 'failed', 'unreachable'] as const

/** Lies over the terminals when the sandbox does not run, and offers the way on. */
export function StatePanel({ sandbox }: { sandbox: Sandbox }) {
  const t = useTranslations()
  const actions = useSandboxActions()
  const [busy, setBusy] = useState(false)
  const home = useFocusHome()
  const [step] = stepsOf[sandbox.state]
  const state = told.find((one) => one === sandbox.state)
  const wake = useEffectEvent(() => step && actions.take(sandbox, step))
  // Whoever opens one that fell asleep uses it.
  useEffect(() => {
    if (sandbox.asleep) void wake()
  }, [sandbox.asleep])
  if (!state) return null
  const text =
    state === 'failed' && sandbox.failure
      ? sentence(oneLine(sandbox.failure, 400))
      : t(sandbox.asleep ? 'terminal.wakingText' : `terminal.states.${state}`)
  return (
    <div className="absolute inset-0 z-20 grid animate-fade place-content-center bg-shade p-4">
      <section
        aria-label={t('terminal.state')}
        className="grid max-w-sm justify-items-center gap-3 rounded-xl bg-raised px-8 py-6 text-center shadow-pop"
      >
        <div role="status" className="grid gap-1">
          <h2 className="font-semibold text-base">
            {t(sandbox.asleep ? 'terminal.waking' : `sandbox.state.${state}`)}
          </h2>
          <p className="text-balance text-muted">{text}</p>
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
            {t(`sandbox.steps.${step.verb}`)}
          </Button>
        )}
      </section>
    </div>
  )
}

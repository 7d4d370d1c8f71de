'use client'

import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine, sentence } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import { stepsOf, useSandboxActions } from '../sandbox/actions'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'

/** The states that have something to say about them. */
const told = ['creating', 'paused', 'stopped', 'failed', 'unreachable'] as const

/** What is found so long after the page was opened happened with the page open. */
const openingMs = 5000

/** Lies over the terminals when the sandbox does not run, and offers the way on. */
export function StatePanel({ sandbox }: { sandbox: Sandbox }) {
  const t = useTranslations()
  const actions = useSandboxActions()
  const [busy, setBusy] = useState(false)
  const home = useFocusHome()
  const [step] = stepsOf[sandbox.state]
  const state = told.find((one) => one === sandbox.state)
  const { asleep } = sandbox
  // Whoever opens one that fell asleep uses it. Whoever has it open when it falls asleep says so.
  const [waking, setWaking] = useState(asleep !== null)
  const [openedAt] = useState(() => Date.now())
  const button = useRef<HTMLButtonElement>(null)
  const wake = useEffectEvent(async () => {
    if (step) await actions.take(sandbox, step)
    setWaking(false)
  })
  useEffect(() => {
    // The mark comes first, and its state, with the button, a moment later.
    if (asleep === null || !state) return
    // What is known of it at first may be from before.
    if (Date.now() - openedAt > openingMs) return button.current?.focus()
    setWaking(true)
    void wake()
  }, [asleep, state, openedAt])
  if (!state) return null
  const text =
    state === 'failed' && sandbox.failure
      ? sentence(oneLine(sandbox.failure, 400))
      : asleep
        ? t(waking ? 'terminal.wakingText' : `terminal.asleepText.${asleep}`)
        : t(`terminal.states.${state}`)
  return (
    <div className="absolute inset-0 z-20 grid animate-fade place-content-center bg-shade p-4">
      <section
        aria-label={t('terminal.state')}
        className="grid max-w-sm justify-items-center gap-3 rounded-xl bg-raised px-8 py-6 text-center shadow-pop"
      >
        <div role="status" className="grid gap-1">
          <h2 className="font-semibold text-base">
            {t(asleep ? (waking ? 'terminal.waking' : 'sandbox.state.asleep') : `sandbox.state.${state}`)}
          </h2>
          <p className="text-balance text-muted">{text}</p>
        </div>
        {step && !(asleep && waking) && (
          <Button
            ref={button}
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
            {t(asleep ? 'terminal.wake' : `sandbox.steps.${step.verb}`)}
          </Button>
        )}
      </section>
    </div>
  )
}

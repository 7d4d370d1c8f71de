'use client'

import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { isDark, onDarkness } from '../../lib/theme'
import { useFormat } from '../../lib/use-format'
import type { Translate } from '../../messages/texts'
import { preferences } from '../../terminal/preferences'
import type { TerminalSession } from '../../terminal/session'
import type { Tab, TerminalTabs } from '../../terminal/terminal-tabs'
import { palette } from '../../terminal/themes'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'

interface PaneProps {
  readonly workspace: TerminalTabs
  readonly session: TerminalSession
  readonly tab: Tab
  readonly refresh: () => void
}

/** One terminal's screen, and how it ended. */
export function Pane({ workspace, session, tab, refresh }: PaneProps) {
  const place = useRef<HTMLDivElement>(null)
  const { theme, fontSize } = useStore(preferences())
  const { background } = palette(theme, useDark())
  const rings = useBell(session)

  useEffect(() => {
    const element = place.current
    if (!element) return
    session.screen.show(element)
    workspace.fit(document.hasFocus())
    session.screen.xterm.focus()
    let timer: ReturnType<typeof setTimeout> | undefined
    // A window that is being dragged would resize the program inside many times a second.
    const observer = new ResizeObserver(() => {
      clearTimeout(timer)
      timer = setTimeout(() => workspace.fit(document.hasFocus()), 80)
    })
    observer.observe(element)
    const claim = () => workspace.fit(true)
    element.addEventListener('focusin', claim)
    element.addEventListener('pointerdown', claim)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
      element.removeEventListener('focusin', claim)
      element.removeEventListener('pointerdown', claim)
      session.screen.hide()
    }
  }, [session, workspace])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another size of text is another number of columns
  useEffect(() => workspace.fit(document.hasFocus()), [fontSize, workspace])

  // An end or a break may be the sandbox's own: look at once, not at the next turn.
  useEffect(() => session.status.subscribe(refresh), [session, refresh])

  return (
    <div
      role="tabpanel"
      id={`panel-${tab.key}`}
      aria-labelledby={`tab-${tab.key}`}
      style={{ backgroundColor: background }}
      className="absolute inset-0 flex flex-col"
    >
      <div
        className={cn(
          'pointer-events-none absolute inset-0 z-10 border-2 transition-opacity',
          rings ? 'border-warn opacity-100' : 'border-transparent opacity-0',
        )}
      />
      <div ref={place} className="min-h-0 flex-1 overflow-hidden pt-1.5 pl-2" />
      <Ending tab={tab} workspace={workspace} />
    </div>
  )
}

function useDark(): boolean {
  const [dark, setDark] = useState(isDark)
  useEffect(() => onDarkness(setDark), [])
  return dark
}

function useBell(session: TerminalSession): boolean {
  const bells = useStore(session.bells)
  const [ringing, setRinging] = useState(false)
  const first = useRef(bells)
  useEffect(() => {
    if (bells === first.current || !preferences().get().bell) return
    setRinging(true)
    const timer = setTimeout(() => setRinging(false), 200)
    return () => clearTimeout(timer)
  }, [bells])
  return ringing
}

function Ending({ tab, workspace }: { tab: Tab; workspace: TerminalTabs }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const { key, session, stoppedAt } = tab
  const status = useStore(session.status)
  if (status.kind !== 'ended' && status.kind !== 'refused') return null
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-2 border-line border-t bg-raised px-3 py-2 text-ink"
    >
      <span className="min-w-0 flex-1">
        {stoppedAt === null || status.kind === 'refused'
          ? ending(status, t)
          : t('terminal.endedWithSandbox', { time: dateTime(stoppedAt) })}
      </span>
      <Button size="small" onClick={() => workspace.close(key)}>
        {t('terminal.closeTab')}
      </Button>
      {!workspace.looking && (
        <Button
          size="small"
          look="primary"
          onClick={() => (stoppedAt === null ? workspace.open() : workspace.renew(key))}
        >
          {t(stoppedAt === null ? 'terminal.new' : 'terminal.newHere')}
        </Button>
      )}
    </div>
  )
}

function ending(
  status: Extract<ReturnType<TerminalSession['status']['get']>, { kind: 'ended' | 'refused' }>,
  t: Translate,
): string {
  if (status.kind === 'refused') {
    return t('terminal.openFailed', {
      reason: status.code === 'no_answer' ? t('terminal.noAnswer') : status.message,
    })
  }
  const { exitCode, signal } = status.exit
  if (signal) return t('terminal.terminatedBy', { signal })
  if (exitCode === null) return t('terminal.exitedUnknown')
  return exitCode === 0 ? t('terminal.exited') : t('terminal.exitedWith', { code: String(exitCode) })
}

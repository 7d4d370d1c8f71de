import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { terminalLine } from '../../terminal/line'
import { Screen } from '../../terminal/screen'
import { TerminalSession } from '../../terminal/session'
import { useStore } from '../../terminal/use-store'
import { Notice } from '../ui/notice'

/** A terminal that a lesson shows: it is watched, and nothing is typed into it. */
export default function ShownTerminal({ sandbox, terminal }: { sandbox: string; terminal: string }) {
  const [session, setSession] = useState<TerminalSession | null>(null)
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let watched: TerminalSession | undefined
    let isOver = false
    // Without its font, xterm would measure another, and every column would be wrong.
    const font = document.fonts.load('14px "JetBrains Mono Variable"').catch(() => [])
    void font.then(() => {
      if (isOver) return
      watched = new TerminalSession(
        ...([terminalLine(), sandbox, new Screen(), () => null] as const),
        ...([terminal, 'user', true] as const),
      )
      setSession(watched)
    })
    return () => {
      isOver = true
      setSession(null)
      watched?.dispose({ end: false })
    }
  }, [sandbox, terminal])
  useEffect(() => {
    const element = place.current
    if (element === null || session === null) return
    session.screen.show(element)
    session.fit(false)
    void session.attach()
    const observer = new ResizeObserver(() => session.fit(false))
    observer.observe(element)
    return () => {
      observer.disconnect()
      session.screen.hide()
    }
  }, [session])
  return (
    <>
      <div ref={place} className="h-[60vh] overflow-hidden rounded border border-line bg-surface p-1" />
      {session !== null && <Ending session={session} />}
    </>
  )
}

function Ending({ session }: { session: TerminalSession }) {
  const t = useTranslations()
  const { kind } = useStore(session.status)
  return kind === 'ended' || kind === 'refused' ? (
    <Notice tone="info">{t('lesson.shownNoMore')}</Notice>
  ) : null
}

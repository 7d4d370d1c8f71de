'use client'

import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Assignment } from '../../lib/protocol-assignments'
import { useFormat } from '../../lib/use-format'
import { Notice } from '../ui/notice'

/**
 * How far the clock of this device is behind that of the server, in milliseconds; undefined until it is known. The header has whole
 * seconds.
 */
function useClockOffset(): number | undefined {
  const [offset, setOffset] = useState<number>()
  useEffect(() => {
    let gone = false
    fetch('/readyz', { method: 'HEAD', cache: 'no-store' })
      .then(({ headers }) => {
        const at = Date.parse(headers.get('date') ?? '')
        if (!gone && !Number.isNaN(at)) setOffset(at - Date.now())
      })
      .catch(() => {}) // then the time of the end is shown, and no time that is left
    return () => {
      gone = true
    }
  }, [])
  return offset
}

/** For a student in an exam: how long it goes on for them by the clock of the server. @param onEnd called when it is over */
export function ExamNotice({ of, onEnd }: { of: Assignment; onEnd: () => void }) {
  const t = useTranslations()
  const { duration } = useFormat()
  const offset = useClockOffset()
  const [now, setNow] = useState(() => Date.now())
  const ends = Date.parse(of.dueAt?.at ?? '')
  const leftMs = ends - now - (offset ?? 0)
  const isOpen = of.state === 'open'
  useEffect(() => {
    if (!isOpen) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [isOpen])
  const isOver = isOpen && offset !== undefined && leftMs < 0
  const told = useRef(false)
  useEffect(() => {
    if (!isOver || told.current) return
    told.current = true
    onEnd()
  }, [isOver, onEnd])
  if (of.state === 'closed') return <Notice tone="info">{t('exams.over')}</Notice>
  if (!isOpen) return null
  return (
    <Notice tone="warn">
      {offset !== undefined && (
        <strong className="tabular block">{t('exams.left', { time: duration(Math.max(0, leftMs)) })}</strong>
      )}
      {t('exams.leftText')}
    </Notice>
  )
}

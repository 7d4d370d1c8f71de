'use client'

import { Hand } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type OwnLesson, ownLessons } from '../../lib/protocol-lessons'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { Button } from '../ui/button'
import { Dialog, DialogBody } from '../ui/dialog'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'

/** Loaded by itself: xterm is large. */
const ShownTerminal = dynamic(() => import('./shown-terminal'), { ssr: false })

/** How soon a student sees a message, and that they are frozen, where nobody tells. */
const often = 5000

/** The live lessons of a student: messages, whether a teacher has frozen them, and their hand. */
export function OwnLessons({ everyMs = often }: { everyMs?: number }) {
  const { data, mutate } = useResource('/lessons', ownLessons, { everyMs })
  return (
    <div className="grid gap-3">
      {data?.lessons.map((one) => (
        <OneLesson key={one.lesson.id} one={one} onChange={() => mutate()} />
      ))}
    </div>
  )
}

function OneLesson({ one, onChange }: { one: OwnLesson; onChange: () => Promise<unknown> }) {
  const t = useTranslations()
  const toast = useToast()
  const { dateTime } = useFormat()
  const [busy, setBusy] = useState(false)
  const { lesson, handUp, ahead, messages, broadcast } = one
  const hand = async () => {
    setBusy(true)
    try {
      await order(`/lessons/${lesson.id}/hand`, { method: handUp === null ? 'PUT' : 'DELETE' })
      await onChange()
    } catch (failure) {
      toast.failed(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section
      aria-label={t('lesson.title')}
      className="grid gap-3 rounded-lg border border-line bg-surface p-4"
    >
      <div className="flex flex-wrap items-center gap-3">
        <span className="font-medium">{oneLine(lesson.class.name)}</span>
        <span role="status" className="text-muted text-xs">
          {ahead !== null && t('lesson.ahead', { count: ahead })}
        </span>
        <Button size="small" className="ml-auto" busy={busy} onClick={() => void hand()}>
          <Hand aria-hidden />
          {t(handUp === null ? 'lesson.raise' : 'lesson.lowerOwn')}
        </Button>
      </div>
      <p className="text-muted text-xs">{t('lesson.watched')}</p>
      {lesson.frozen && <Notice tone="warn">{t('lesson.frozen')}</Notice>}
      {broadcast !== null && <Shown key={broadcast.terminal} {...broadcast} />}
      <ul aria-live="polite" className="grid gap-2">
        {messages.map(({ id, text, by, at }) => (
          <li key={id}>
            <span className="text-muted text-xs">
              {oneLine(by)} · {dateTime(at)}
            </span>
            <p className="whitespace-pre-wrap break-words">{text}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** That a teacher shows a terminal, and a window in which it can be watched. */
function Shown({ sandbox, terminal, by }: NonNullable<OwnLesson['broadcast']>) {
  const t = useTranslations()
  const [isOpen, setOpen] = useState(false)
  const title = t('lesson.shown', { by: oneLine(by) })
  return (
    <>
      <Notice
        tone="info"
        action={
          <Button size="small" onClick={() => setOpen(true)}>
            {t('lesson.watch')}
          </Button>
        }
      >
        {title}
      </Notice>
      <Dialog open={isOpen} onOpenChange={setOpen} title={title} wide>
        <DialogBody>
          <ShownTerminal sandbox={sandbox} terminal={terminal} />
        </DialogBody>
      </Dialog>
    </>
  )
}

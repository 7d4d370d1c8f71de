'use client'

import { Play, SquareTerminal } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ExamNotice } from '../../../components/assignments/exam-notice'
import { Explained, Standing } from '../../../components/assignments/standing'
import { Steps } from '../../../components/assignments/steps'
import HandInButton from '../../../components/hand-ins/hand-in-button'
import OwnHandIns from '../../../components/hand-ins/own-hand-ins'
import { Button } from '../../../components/ui/button'
import { PageHead, Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { type Assignment, assignmentWork } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'

const Markdown = dynamic(() =>
  import('../../../components/viewers/markdown').then((loaded) => loaded.Markdown),
)

/** An assignment as a student does it: what it is, until when, and the way to their workspace. */
export function StudentAssignment({
  of,
  school,
  onChange,
}: {
  of: Assignment
  school: ClassDescription
  onChange: (changed?: Assignment) => void
}) {
  const t = useTranslations()
  return (
    <div className="grid gap-5">
      <PageHead
        title={oneLine(of.title, 120)}
        action={
          <div className="flex flex-wrap gap-2">
            <HandInButton of={of} />
            <Begin of={of} onChange={onChange} />
          </div>
        }
      >
        <Link href={`/classes/${school.id}`} className="underline underline-offset-2">
          {oneLine(school.name)}
        </Link>{' '}
        · {school.timeZone}
      </PageHead>
      {of.exam === null || of.state === 'scheduled' ? (
        <Explained of={of} />
      ) : (
        <ExamNotice of={of} onEnd={() => onChange()} />
      )}
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem] lg:grid-rows-[auto_1fr]">
        <Panel title={t('work.time')} className="lg:col-start-2">
          <div className="p-4">
            <Standing of={of} />
          </div>
        </Panel>
        {of.text !== null && (
          <Panel title={t('work.task')} className="lg:col-start-1 lg:row-span-2 lg:row-start-1">
            <div className="p-4">
              {of.text === '' ? (
                <p className="text-muted">{t('work.noText')}</p>
              ) : (
                <Markdown text={of.text} />
              )}
            </div>
          </Panel>
        )}
        {of.steps.length > 0 && (
          <Panel title={t('work.steps')} className="lg:col-start-2">
            <div className="p-4">
              <Steps of={of} onChecked={(work) => onChange({ ...of, work })} />
            </div>
          </Panel>
        )}
        {of.text !== null && (
          <Panel title={t('handIns.title')} className="lg:col-span-2">
            <div className="max-w-3xl p-4">
              <OwnHandIns of={of} />
            </div>
          </Panel>
        )}
      </div>
    </div>
  )
}

/** The way to the workspace: one that is made, or the one that there is. */
function Begin({ of, onChange }: { of: Assignment; onChange: (changed?: Assignment) => void }) {
  const t = useTranslations()
  const router = useRouter()
  const toast = useToast()
  const [busy, setBusy] = useState(false)
  const { state, work } = of
  if (work?.sandbox) {
    return (
      <Button asChild look="primary">
        <Link href={`/sandboxes/${work.sandbox}`}>
          <SquareTerminal aria-hidden />
          {t(state === 'closed' ? 'work.open' : 'work.continue')}
        </Link>
      </Button>
    )
  }
  if (state !== 'open' && state !== 'late') return null
  const start = async () => {
    setBusy(true)
    try {
      const { sandbox } = await call(assignmentWork, `/assignments/${of.id}/start`, { method: 'POST' })
      router.push(`/sandboxes/${sandbox}`)
    } catch (failure) {
      setBusy(false)
      toast.failed(failure)
      onChange()
    }
  }
  return (
    <Button look="primary" busy={busy} onClick={() => void start()}>
      {!busy && <Play aria-hidden />}
      {t(busy ? 'work.starting' : work?.state === 'started' ? 'work.again' : 'work.start')}
    </Button>
  )
}

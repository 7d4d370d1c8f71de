'use client'

import { PackageCheck } from 'lucide-react'
import { useState } from 'react'
import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import type { Assignment } from '../../lib/protocol-assignments'
import { type Submission, submission, submissionList } from '../../lib/protocol-submissions'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { Button, type ButtonProps } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { ownGradePath, ownHandInsPath } from './paths'
import { ReceiptDialog } from './receipt'

/** Hands in what is in the workspace of a student, after saying what that means, and then shows the receipt. */
export default function HandInButton({ of, look = 'plain' }: { of: Assignment; look?: ButtonProps['look'] }) {
  const t = useTranslations()
  const { number } = useFormat()
  const { mutate } = useSWRConfig()
  const { data } = useResource(ownHandInsPath(of.id), submissionList)
  const [question, setQuestion] = useState<Question | null>(null)
  const [made, setMade] = useState<Submission | null>(null)
  const { state, late, dueAt, work } = of
  if ((state !== 'open' && state !== 'late') || !work?.sandbox) return null
  const inTime = data?.items.some((one) => one.late === null) === true
  const counts =
    state === 'late'
      ? inTime
        ? t('handIns.askLateAfter')
        : t('handIns.askLate', { percent: number(late?.percentPerDay ?? 0) })
      : t(dueAt === null ? 'handIns.askNeverDue' : 'handIns.askInTime')
  const ask = () =>
    setQuestion({
      title: t('handIns.ask', { name: oneLine(of.title, 120) }),
      text: `${t('handIns.askText')} ${counts}`,
      action: t('handIns.handIn'),
      look: 'primary',
      run: async () => {
        setMade(await call(submission, `/assignments/${of.id}/submissions`, { method: 'POST' }))
        await Promise.all([mutate(ownHandInsPath(of.id)), mutate(ownGradePath(of.id))])
      },
    })
  return (
    <>
      <Button look={look} onClick={ask}>
        <PackageCheck aria-hidden />
        {t(data && data.items.length > 0 ? 'handIns.handInAgain' : 'handIns.handIn')}
      </Button>
      <Confirm question={question} onClose={() => setQuestion(null)} />
      <ReceiptDialog of={made} onClose={() => setMade(null)} />
    </>
  )
}

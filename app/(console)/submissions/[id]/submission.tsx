'use client'

import Link from 'next/link'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ClassTime } from '../../../components/assignments/class-time'
import { Late } from '../../../components/hand-ins/late'
import { ReceiptFacts, SaveReceipt } from '../../../components/hand-ins/receipt'
import { Notice } from '../../../components/ui/notice'
import { PageHead, Panel } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { Tabs } from '../../../components/ui/tabs'
import { oneLine } from '../../../lib/format'
import {
  gradeList,
  type SubmissionReceipt,
  type SubmissionWithMissing,
  submissionReceipt,
  submissionWithMissing,
} from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { useSession } from '../../../lib/session'
import { Changes } from './changes'
import { FilesPart } from './files'
import { GivenPart } from './given'
import { GradingsPart } from './gradings'
import { QueueLinks, useQueue } from './queue'

/** One hand-in: what is in it and what came of it. Staff give points here, and go on with the next student. */
export function SubmissionPage({ id }: { id: string }) {
  const { data, error, mutate } = useResource(`/submissions/${id}`, submissionWithMissing)
  const receipt = useResource(`/submissions/${id}/receipt`, submissionReceipt)
  if (!data || !receipt.data) {
    const failure = error ?? receipt.error
    const retry = () => Promise.all([mutate(), receipt.mutate()])
    return <Panel>{failure ? <Failed error={failure} retry={retry} /> : <SkeletonRows rows={5} />}</Panel>
  }
  return <Whole of={data} receipt={receipt.data} />
}

function Whole({ of, receipt }: { of: SubmissionWithMissing; receipt: SubmissionReceipt }) {
  const t = useTranslations()
  const looks = useSession().tenant.role !== 'student'
  const grades = useResource(`/assignments/${of.assignment}/grades`, gradeList)
  const queue = useQueue(looks ? grades.data?.items : undefined, of.student.userId)
  const [tab, setTab] = useState<'files' | 'changes'>('files')
  const grade = grades.data?.items.find(({ student }) => student.userId === of.student.userId)
  const title = oneLine(receipt.assignment.title, 120)
  return (
    <>
      <PageHead
        title={looks ? `${oneLine(of.student.name)} · ${title}` : title}
        action={queue && <QueueLinks queue={queue} />}
      >
        <Link
          href={`/assignments/${of.assignment}${looks ? '?part=hand-ins' : ''}`}
          className="underline underline-offset-2"
        >
          {t(looks ? 'handIns.all' : 'handIns.toAssignment')}
        </Link>{' '}
        · {t('handIns.nth', { number: String(of.number) })} · <ClassTime time={of.at} />
        {of.late && (
          <>
            {' '}
            · <Late late={of.late} />
          </>
        )}
      </PageHead>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div>
          {!of.counts && (
            <div className="mb-5">
              <Notice
                tone="info"
                action={
                  grade?.submission && (
                    <Link href={`/submissions/${grade.submission}`} className="shrink-0 underline">
                      {t('handIns.toCounting')}
                    </Link>
                  )
                }
              >
                {t('handIns.countsNot')}
              </Notice>
            </div>
          )}
          <Tabs
            label={t('handIns.parts')}
            value={tab}
            onChange={setTab}
            pages={[
              {
                value: 'files',
                title: t('handIns.filesTab'),
                children: <FilesPart of={of} looks={looks} />,
              },
              {
                value: 'changes',
                title: t('handIns.changesTab'),
                children: tab === 'changes' && <Changes of={of} own={!looks} />,
              },
            ]}
          />
        </div>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
          {looks && grade && <GivenPart grade={grade} queue={queue} onDone={() => grades.mutate()} />}
          <GradingsPart of={of} looks={looks} grade={grade} onChange={() => void grades.mutate()} />
          <Panel title={t('handIns.receipt')} action={<SaveReceipt of={of} small />}>
            <div className="p-4">
              <ReceiptFacts of={of} />
            </div>
          </Panel>
        </div>
      </div>
    </>
  )
}

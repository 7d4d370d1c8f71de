'use client'

import { Eye, EyeOff } from 'lucide-react'
import Link from 'next/link'
import { useSearchParams } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ClassTime } from '../../../components/assignments/class-time'
import { AssignmentBadge } from '../../../components/assignments/state'
import { Button } from '../../../components/ui/button'
import { PageHead } from '../../../components/ui/panel'
import { Tabs } from '../../../components/ui/tabs'
import { useToast } from '../../../components/ui/toast'
import { oneLine } from '../../../lib/format'
import type { Assignment } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { change } from './change'
import { ExamPart } from './exam'
import { ExamStudents } from './exam-students'
import { FilesPart } from './files'
import { GradingPart } from './grading'
import { HandInsPart } from './hand-ins'
import { ReadOnlyPart } from './read-only'
import { RubricPart } from './rubric'
import { StatisticsPart } from './statistics'
import { StepsPart } from './steps'
import { StudentsPart } from './students'
import { TestsPart } from './tests'
import { TextPart } from './text'
import { TimesPart } from './times'
import { WorkspacePart } from './workspace'

type Tab = 'text' | 'times' | 'files' | 'tests' | 'students' | 'hand-ins' | 'statistics'

/** An assignment as the staff of its class see it. Teachers change it, assistants look. */
export function StaffAssignment({
  of,
  school,
  onChange,
}: {
  of: Assignment
  school: ClassDescription
  onChange: (changed?: Assignment) => void
}) {
  const t = useTranslations()
  const asked = useSearchParams().get('part')
  const [tab, setTab] = useState<Tab>(
    asked === 'hand-ins' || asked === 'statistics' ? asked : of.published ? 'students' : 'text',
  )
  const teaches = school.role !== 'assistant'
  const props = { of, teaches, onChange }
  return (
    <>
      <PageHead title={oneLine(of.title, 120)} action={teaches && <Publish of={of} onChange={onChange} />}>
        <Link href={`/classes/${school.id}`} className="underline underline-offset-2">
          {oneLine(school.name)}
        </Link>{' '}
        · <AssignmentBadge state={of.state} />
        {of.dueAt && (
          <>
            {' '}
            · {t('assignments.due')}: <ClassTime time={of.dueAt} />
          </>
        )}
      </PageHead>
      <Tabs
        label={t('assignmentPage.parts')}
        value={tab}
        onChange={setTab}
        pages={[
          {
            value: 'text',
            title: t('assignmentPage.textTab'),
            children: (
              <>
                <TextPart {...props} />
                <StepsPart {...props} />
              </>
            ),
          },
          {
            value: 'times',
            title: t('assignmentPage.timesTab'),
            children: (
              <>
                <TimesPart {...props} timeZone={school.timeZone} />
                <ExamPart {...props} />
                <WorkspacePart {...props} />
              </>
            ),
          },
          {
            value: 'files',
            title: t('assignmentPage.filesTab'),
            children: (
              <>
                <FilesPart {...props} kind="starter" />
                <ReadOnlyPart {...props} />
                <FilesPart {...props} kind="hidden" />
              </>
            ),
          },
          {
            value: 'tests',
            title: t('assignmentPage.testsTab'),
            children: (
              <>
                <TestsPart {...props} />
                <GradingPart {...props} />
                <RubricPart {...props} />
              </>
            ),
          },
          {
            value: 'students',
            title: t('assignmentPage.studentsTab'),
            children: (
              <>
                {of.exam !== null && <ExamStudents id={of.id} />}
                <StudentsPart {...props} school={school} />
              </>
            ),
          },
          {
            value: 'hand-ins',
            title: t('handIns.title'),
            children: tab === 'hand-ins' && <HandInsPart of={of} />,
          },
          {
            value: 'statistics',
            title: t('statistics.title'),
            children: tab === 'statistics' && <StatisticsPart of={of} />,
          },
        ]}
      />
    </>
  )
}

function Publish({ of, onChange }: { of: Assignment; onChange: (changed: Assignment) => void }) {
  const t = useTranslations()
  const toast = useToast()
  const [busy, setBusy] = useState(false)
  const publish = async () => {
    setBusy(true)
    try {
      const changed = await change(of.id, { published: !of.published })
      onChange(changed)
      toast.done(t(changed.published ? 'assignmentPage.published' : 'assignmentPage.unpublished'))
    } catch (failure) {
      toast.failed(failure)
    } finally {
      setBusy(false)
    }
  }
  const Icon = of.published ? EyeOff : Eye
  return (
    <Button look={of.published ? 'plain' : 'primary'} busy={busy} onClick={() => void publish()}>
      {!busy && <Icon aria-hidden />}
      {t(of.published ? 'assignmentPage.unpublish' : 'assignmentPage.publish')}
    </Button>
  )
}

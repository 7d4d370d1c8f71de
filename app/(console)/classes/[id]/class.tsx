'use client'

import { Archive, Presentation, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { OwnLessons } from '../../../components/lessons/own-lessons'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Notice } from '../../../components/ui/notice'
import { PageHead, Panel } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { Tabs } from '../../../components/ui/tabs'
import { useToast } from '../../../components/ui/toast'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { type ClassDescription, classDescription } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { deletionQuestion } from '../../deletion'
import { Assignments } from './assignments'
import { ClassTimes } from './class-times'
import { Grades } from './grades'
import { Links } from './links'
import { OwnAssignments } from './own-assignments'
import { OwnData } from './own-data'
import { Parts } from './parts'
import { PlatformCourse } from './platform-course'
import { Staff } from './staff'
import { ClassStudentQuota } from './student-quota'
import { Students } from './students'

/** One class: its staff see its people, a student what concerns themselves. */
export function ClassPage({ id }: { id: string }) {
  const path = `/classes/${encodeURIComponent(id)}`
  const { data, error, mutate } = useResource(path, classDescription)
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={5} />}</Panel>
    )
  }
  const props = { of: data, onChange: () => void mutate() }
  return data.role === 'student' ? <Own of={data} /> : <Whole {...props} />
}

/** What is told to a student: nothing of classmates. */
function Own({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const names = (role: string) =>
    of.staff
      .filter((one) => one.role === role)
      .map(({ name }) => oneLine(name))
      .join(t('common.comma'))
  const [section] = of.sections
  const [group] = of.groups
  return (
    <div className="grid gap-5">
      <PageHead title={oneLine(of.name)}>{t('classes.studentText')}</PageHead>
      {of.studentTimes.on && of.studentTimes.allowed && <Notice tone="info">{t('privacy.timeShown')}</Notice>}
      <OwnLessons />
      <OwnAssignments of={of} />
      <Panel>
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2 p-4 [&_dt]:text-muted">
          <dt>{t('classes.teachers')}</dt>
          <dd>{names('teacher') || '–'}</dd>
          {names('assistant') !== '' && (
            <>
              <dt>{t('classes.assistant')}</dt>
              <dd>{names('assistant')}</dd>
            </>
          )}
          {section && (
            <>
              <dt>{t('classes.section')}</dt>
              <dd>{oneLine(section.name)}</dd>
            </>
          )}
          {group && (
            <>
              <dt>{t('classes.group')}</dt>
              <dd>{oneLine(group.name)}</dd>
            </>
          )}
          <dt>{t('classes.timeZone')}</dt>
          <dd>{of.timeZone}</dd>
        </dl>
      </Panel>
      <OwnData of={of} />
    </div>
  )
}

function Whole({ of, onChange }: { of: ClassDescription; onChange: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const router = useRouter()
  const [tab, setTab] = useState<'class' | 'grades'>('class')
  const [question, setQuestion] = useState<Question | null>(null)
  const teaches = of.role !== 'assistant'
  const name = oneLine(of.name)
  const archive = async () => {
    try {
      await order(`/classes/${of.id}`, { method: 'PATCH', body: { archived: !of.archived } })
      onChange()
    } catch (failure) {
      toast.failed(failure)
    }
  }
  const remove = () =>
    setQuestion(
      deletionQuestion(
        {
          ...{ path: `/classes/${of.id}`, name, onDone: () => router.push('/classes') },
          title: t('classes.askDelete', { name }),
          text: t('classes.askDeleteText'),
          action: t('classes.deleteClass'),
        },
        t,
      ),
    )
  return (
    <div className="grid gap-5">
      <PageHead
        title={name}
        action={
          <div className="flex flex-wrap gap-2">
            <Button asChild>
              <Link href={`/classes/${of.id}/lesson`}>
                <Presentation aria-hidden />
                {t('lesson.title')}
              </Link>
            </Button>
            {teaches && (
              <Button onClick={() => void archive()}>
                <Archive aria-hidden />
                {t(of.archived ? 'classes.unarchive' : 'classes.archive')}
              </Button>
            )}
            {of.role === 'admin' && (
              <Button look="quiet" onClick={remove}>
                <Trash2 aria-hidden />
                {t('classes.deleteClass')}
              </Button>
            )}
          </div>
        }
      >
        {t(`classes.roles.${of.role}`)} · {t('classes.studentCount', { count: of.students ?? 0 })} ·{' '}
        {of.timeZone}
      </PageHead>
      {of.archived && <Notice tone="info">{t('classes.archivedText')}</Notice>}
      <Tabs
        label={t('classes.pageParts')}
        value={tab}
        onChange={setTab}
        pages={[
          {
            value: 'class',
            title: t('classes.classTab'),
            children: (
              <>
                <Assignments of={of} />
                <Students of={of} onChange={onChange} />
                <div className="grid gap-5 lg:grid-cols-2">
                  <Parts of={of} kind="section" onChange={onChange} />
                  <Parts of={of} kind="group" onChange={onChange} />
                </div>
                <PlatformCourse of={of} onChange={onChange} />
                <Staff of={of} onChange={onChange} />
                <ClassStudentQuota of={of} onChange={onChange} />
                <ClassTimes of={of} onChange={onChange} />
                <Links of={of} />
              </>
            ),
          },
          {
            value: 'grades',
            title: t('grades.title'),
            children: tab === 'grades' && <Grades of={of} />,
          },
        ]}
      />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </div>
  )
}

'use client'

import { FileUp, MessageSquare, Presentation, RotateCcw, Snowflake, Sun } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Confirm, type Question } from '../../../../components/ui/confirm'
import { Notice } from '../../../../components/ui/notice'
import { PageHead, Panel } from '../../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../../components/ui/states'
import { useToast } from '../../../../components/ui/toast'
import { call, order } from '../../../../lib/api'
import { oneLine } from '../../../../lib/format'
import type { ClassDescription } from '../../../../lib/protocol-classes'
import { type LessonOutcome, lessonOutcome, lessonStudents } from '../../../../lib/protocol-lessons'
import { useResource } from '../../../../lib/resource'
import { useFormat } from '../../../../lib/use-format'
import { FileDialog } from './file-dialog'
import { MessageDialog } from './message-dialog'
import { OutcomeDialog } from './outcome-dialog'
import { ShowDialog } from './show-dialog'
import { StudentGrid } from './student-grid'

/** How often the grid is read: one query of the server, whatever the size of the class. */
const everyMs = 2000

/** A lesson that runs, for its staff. */
export function RunningLesson({ of, id, onEnd }: { of: ClassDescription; id: string; onEnd: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const { dateTime } = useFormat()
  const path = `/lessons/${id}`
  const { data, error, mutate } = useResource(`${path}/students`, lessonStudents, { everyMs })
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [dialog, setDialog] = useState<'message' | 'file' | 'show' | null>(null)
  const [outcome, setOutcome] = useState<LessonOutcome | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={5} />}</Panel>
    )
  }
  const { lesson, students, broadcast } = data
  const teaches = of.role !== 'assistant'
  const selected = students.filter(({ student }) => chosen.has(student)).map(({ student }) => student)
  const wanted = selected.length === 0 ? {} : { students: selected }
  const act = async (action: 'freeze' | 'thaw' | 'reset') => {
    const done = await call(lessonOutcome, `${path}/${action}`, { method: 'POST', body: wanted })
    if (action === 'reset' || done.students.some((one) => one.outcome === 'failed')) setOutcome(done)
    await mutate()
  }
  const attempt = (work: Promise<unknown>) => void work.catch((failure: unknown) => toast.failed(failure))
  const end = () =>
    setQuestion({
      title: t('lesson.askEnd'),
      text: t('lesson.askEndText'),
      action: t('lesson.end'),
      run: async () => {
        await order(`${path}/end`, { method: 'POST' })
        onEnd()
      },
    })
  const reset = () =>
    setQuestion({
      title: t('lesson.askReset', { count: selected.length === 0 ? students.length : selected.length }),
      text: t('lesson.askResetText'),
      action: t('lesson.reset'),
      run: () => act('reset'),
    })
  const lower = (student: string) =>
    attempt(order(`${path}/students/${student}/hand`, { method: 'DELETE' }).then(() => mutate()))
  const stopShowing = () => attempt(order(`${path}/broadcast`, { method: 'DELETE' }).then(() => mutate()))
  return (
    <div className="grid gap-5">
      <PageHead
        title={t('lesson.title')}
        action={
          <div className="flex flex-wrap gap-2">
            {teaches && (
              <>
                <Button onClick={() => attempt(act('freeze'))}>
                  <Snowflake aria-hidden />
                  {t(selected.length === 0 ? 'lesson.freezeAll' : 'lesson.freeze')}
                </Button>
                <Button onClick={() => attempt(act('thaw'))}>
                  <Sun aria-hidden />
                  {t(selected.length === 0 ? 'lesson.thawAll' : 'lesson.thaw')}
                </Button>
              </>
            )}
            <Button onClick={() => setDialog('message')}>
              <MessageSquare aria-hidden />
              {t('lesson.message')}
            </Button>
            {teaches && (
              <>
                <Button onClick={() => setDialog('file')}>
                  <FileUp aria-hidden />
                  {t('lesson.file')}
                </Button>
                <Button onClick={() => setDialog('show')}>
                  <Presentation aria-hidden />
                  {t('lesson.show')}
                </Button>
                {lesson.assignment !== null && (
                  <Button look="quiet" onClick={reset}>
                    <RotateCcw aria-hidden />
                    {t('lesson.reset')}
                  </Button>
                )}
                <Button look="quiet" onClick={end}>
                  {t('lesson.end')}
                </Button>
              </>
            )}
          </div>
        }
      >
        {oneLine(of.name)}
        {lesson.assignment !== null && ` · ${oneLine(lesson.assignment.title, 120)}`}
        {` · ${t('lesson.until', { time: dateTime(lesson.endsAt) })}`}
      </PageHead>
      {broadcast !== null && (
        <Notice
          tone="info"
          action={
            teaches && (
              <Button size="small" onClick={stopShowing}>
                {t('lesson.stopShowing')}
              </Button>
            )
          }
        >
          {t('lesson.showing', { by: oneLine(broadcast.by) })}
        </Notice>
      )}
      <StudentGrid path={path} students={students} chosen={chosen} onChoose={setChosen} onLower={lower} />
      <MessageDialog
        path={path}
        students={selected}
        open={dialog === 'message'}
        onOpenChange={(open) => setDialog(open ? 'message' : null)}
      />
      <FileDialog
        path={path}
        students={selected}
        open={dialog === 'file'}
        onOpenChange={(open) => setDialog(open ? 'file' : null)}
        onDone={setOutcome}
      />
      <ShowDialog
        path={path}
        open={dialog === 'show'}
        onOpenChange={(open) => setDialog(open ? 'show' : null)}
        onDone={() => void mutate()}
      />
      <OutcomeDialog outcome={outcome} onClose={() => setOutcome(null)} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </div>
  )
}

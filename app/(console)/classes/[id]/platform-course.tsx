'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Panel, Table } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { call, order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { type LtiCourse, ltiCourseStatus, ltiScoresAgain } from '../../../lib/protocol-lti'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'
import { CourseRosterDialog } from './course-roster-dialog'

/** The course of a learning platform that the class is connected to; nothing where there is none. */
export function PlatformCourse({ of, onChange }: { of: ClassDescription; onChange: () => void }) {
  const { data, mutate } = useResource(`/classes/${of.id}/course`, ltiCourseStatus, { everyMs: 10_000 })
  if (!data?.course) return null
  const changed = () => {
    void mutate()
    onChange()
  }
  return <Connected of={of} course={data.course} onChange={changed} />
}

interface Props {
  readonly of: ClassDescription
  readonly course: LtiCourse
  readonly onChange: () => void
}

function Connected({ of, course, onChange }: Props) {
  const t = useTranslations()
  const toast = useToast()
  const { dateTime } = useFormat()
  const [syncing, setSyncing] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const teaches = of.role !== 'assistant'
  const path = `/classes/${of.id}/course`
  const sendAgain = async () => {
    try {
      const { count } = await call(ltiScoresAgain, `${path}/scores`, { method: 'POST', body: {} })
      toast.done(t('lti.sentAgain', { count }))
      onChange()
    } catch (failure) {
      toast.failed(failure)
    }
  }
  const disconnect = () =>
    setQuestion({
      title: t('lti.askDisconnect', { course: oneLine(course.title) }),
      text: t('lti.askDisconnectText'),
      action: t('lti.disconnect'),
      run: async () => {
        await order(path, { method: 'DELETE' })
        onChange()
      },
    })
  const actions = teaches && (
    <div className="flex flex-wrap gap-2">
      {course.roster && !of.archived && (
        <Button size="small" onClick={() => setSyncing(true)}>
          {t('lti.preview')}
        </Button>
      )}
      <Button size="small" look="quiet" onClick={disconnect}>
        {t('lti.disconnect')}
      </Button>
    </div>
  )
  return (
    <Panel title={t('lti.course')} action={actions}>
      <p className="px-4 py-3 text-muted">
        {t('lti.connectedText', { title: oneLine(course.title), platform: oneLine(course.platform.name) })}{' '}
        {course.syncedAt !== null && t('lti.syncedAt', { time: dateTime(course.syncedAt) })}
      </p>
      {course.links.length > 0 && (
        <Table
          label={t('lti.graded')}
          head={[t('lti.assignment'), t('lti.sent'), t('lti.due'), t('lti.failed')]}
        >
          {course.links.map(({ assignment, title, graded, sent, due, failed }) => (
            <tr key={assignment}>
              <td className="font-medium">{oneLine(title, 200)}</td>
              {graded ? (
                <>
                  <td>{sent}</td>
                  <td>{due}</td>
                  <td className={failed > 0 ? 'text-bad' : ''}>{failed}</td>
                </>
              ) : (
                <td colSpan={3} className="text-muted">
                  {t('lti.noPoints')}
                </td>
              )}
            </tr>
          ))}
        </Table>
      )}
      {course.failures.length > 0 && (
        <div className="grid gap-2 border-line border-t px-4 py-3">
          <div className="flex items-center justify-between gap-3">
            <h3 className="font-medium">{t('lti.failures')}</h3>
            {teaches && (
              <Button size="small" onClick={() => void sendAgain()}>
                {t('lti.sendAgain')}
              </Button>
            )}
          </div>
          <ul className="grid gap-1 text-muted">
            {course.failures.map(({ student, title, message }) => (
              <li key={`${student} ${title}`} className="break-words">
                {t('lti.failure', {
                  ...{
                    student: oneLine(student),
                    title: oneLine(title, 200),
                    message: oneLine(message, 500),
                  },
                })}
              </li>
            ))}
          </ul>
        </div>
      )}
      <CourseRosterDialog of={of} open={syncing} onOpenChange={setSyncing} onDone={onChange} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

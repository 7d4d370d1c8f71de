'use client'

import useSWRInfinite from 'swr/infinite'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { ClassTime } from '../../../components/assignments/class-time'
import { Button } from '../../../components/ui/button'
import { Panel, Table } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { type ExamAttempt, type ExamEvent, examAttempts, examEvents } from '../../../lib/protocol-exams'
import { useFormat } from '../../../lib/use-format'

const refreshMs = 5000

/** Pages of a list of an exam, kept up to date. */
function usePages<Page extends { items: readonly unknown[]; nextCursor: string | null }>(
  schema: z.ZodType<Page>,
  path: string,
) {
  const pathOf = (index: number, before: Page | null) => {
    if (index > 0 && !before?.nextCursor) return null
    const cursor = before?.nextCursor ? `&cursor=${encodeURIComponent(before.nextCursor)}` : ''
    return `${path}${cursor}`
  }
  return useSWRInfinite<Page, Error>(pathOf, (one: string) => call(schema, one), {
    ...{ revalidateFirstPage: true, keepPreviousData: true, refreshInterval: refreshMs },
  })
}

/** How the students of the class stand in an exam, and what happened in it. */
export function ExamStudents({ id }: { id: string }) {
  const t = useTranslations()
  const attempts = usePages(examAttempts, `/assignments/${id}/attempts?limit=500`)
  const events = usePages(examEvents, `/assignments/${id}/events?limit=100`)
  const students = attempts.data?.flatMap(({ items }) => items)
  const happened = events.data?.flatMap(({ items }) => items)
  const more = (pages: typeof attempts | typeof events) =>
    pages.data?.at(-1)?.nextCursor && (
      <div className="grid place-items-center border-line border-t p-2">
        <Button look="quiet" onClick={() => void pages.setSize(pages.size + 1)}>
          {t('assignmentPage.more')}
        </Button>
      </div>
    )
  const waiting = (pages: typeof attempts | typeof events) =>
    pages.error ? <Failed error={pages.error} retry={() => pages.mutate()} /> : <SkeletonRows />
  return (
    <>
      <Panel title={t('exams.settings')}>
        {students === undefined ? (
          waiting(attempts)
        ) : (
          <Table
            label={t('exams.settings')}
            head={[
              ...[
                t('exams.student'),
                t('exams.started'),
                t('exams.active'),
                t('exams.kept'),
                t('exams.ends'),
              ],
              ...[t('exams.handedIn'), t('exams.outcome'), t('exams.events')],
            ]}
          >
            {students.map((one) => (
              <Attempt key={one.student} one={one} />
            ))}
          </Table>
        )}
        {more(attempts)}
      </Panel>
      <Panel title={t('exams.events')}>
        <p className="p-4 text-muted">{t('exams.eventsText')}</p>
        {happened === undefined ? (
          waiting(events)
        ) : happened.length === 0 ? (
          <p className="p-4 pt-0">{t('exams.noEvents')}</p>
        ) : (
          <Table
            label={t('exams.events')}
            head={[t('exams.when'), t('exams.student'), t('exams.events'), t('exams.toldBy')]}
          >
            {happened.map((one) => (
              <Happened key={one.id} one={one} />
            ))}
          </Table>
        )}
        {more(events)}
      </Panel>
    </>
  )
}

function Attempt({ one }: { one: ExamAttempt }) {
  const t = useTranslations()
  const { dateTime, number } = useFormat()
  const { startedAt, activeAt, keptAt, lastSubmission, outcome, message } = one
  return (
    <tr>
      <td className="font-medium">{oneLine(one.name)}</td>
      <td className="whitespace-nowrap">
        {startedAt === null ? t('exams.notStarted') : dateTime(startedAt)}
      </td>
      <td className="whitespace-nowrap text-muted">{activeAt === null ? '–' : dateTime(activeAt)}</td>
      <td className="whitespace-nowrap text-muted">{keptAt === null ? '–' : dateTime(keptAt)}</td>
      <td className="whitespace-nowrap">
        <ClassTime time={one.dueAt} plain />
        {one.extended && <span className="block text-accent text-xs">{t('assignmentPage.hasMore')}</span>}
      </td>
      <td className="whitespace-nowrap">
        {lastSubmission === null ? '–' : `${number(one.submissions)} · ${dateTime(lastSubmission.at)}`}
      </td>
      <td>
        {outcome === null ? '–' : t(`exams.outcomes.${outcome}`)}
        {message !== null && <span className="block text-muted text-xs">{oneLine(message, 200)}</span>}
      </td>
      <td>{t('exams.eventCount', { count: one.told })}</td>
    </tr>
  )
}

function Happened({ one }: { one: ExamEvent }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const { prevented, outcome } = one.detail
  return (
    <tr>
      <td className="whitespace-nowrap text-muted">{dateTime(one.at)}</td>
      <td>{oneLine(one.student.name)}</td>
      <td>
        {t(`exams.eventTypes.${one.type}`)}
        {prevented === true && ` (${t('exams.prevented')})`}
        {outcome && ` (${t(`exams.outcomes.${outcome}`)})`}
      </td>
      <td className="text-muted">{t(`exams.toldBys.${one.toldBy}`)}</td>
    </tr>
  )
}

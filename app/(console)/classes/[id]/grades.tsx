'use client'

import { Download, PencilLine, Table2 } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { GradeBadge, Points, standingOf } from '../../../components/hand-ins/standing'
import { Button } from '../../../components/ui/button'
import { Panel } from '../../../components/ui/panel'
import { Scroll } from '../../../components/ui/scroll'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { oneLine } from '../../../lib/format'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { type Gradebook, gradebook } from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'

const refreshMs = 60_000

/** The grade book of a class: what each student has for each assignment, and in total. */
export function Grades({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const path = `/classes/${of.id}/gradebook`
  const { data, error, mutate } = useResource(path, gradebook, { everyMs: refreshMs })
  const isEmpty = data && (data.students.length === 0 || data.assignments.length === 0)
  return (
    <Panel
      title={t('grades.title')}
      action={
        data &&
        !isEmpty && (
          <Button asChild size="small" look="quiet">
            <a href={`/api/v1${path}.csv`} download>
              <Download aria-hidden />
              {t('grades.csv')}
            </a>
          </Button>
        )
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
      {isEmpty && (
        <Empty icon={Table2} title={t('grades.none')}>
          {t('grades.noneText')}
        </Empty>
      )}
      {data && !isEmpty && <Book of={data} />}
    </Panel>
  )
}

function Book({ of }: { of: Gradebook }) {
  const t = useTranslations()
  const { number } = useFormat()
  const all = of.assignments.reduce((sum, { maxPoints }) => sum + maxPoints, 0)
  return (
    <>
      <Scroll label={t('grades.title')} className="max-h-[75vh] rounded-none border-0 bg-surface">
        <table className="w-full border-separate border-spacing-0 text-left [&_td]:border-line [&_td]:border-b [&_td]:px-3 [&_td]:py-2 [&_th]:border-line [&_th]:border-b [&_th]:px-3 [&_th]:py-2">
          <thead className="text-xs">
            <tr className="align-bottom">
              <th scope="col" className="sticky top-0 left-0 z-20 border-r bg-surface font-medium text-muted">
                {t('grades.student')}
              </th>
              {of.assignments.map(({ id, title, maxPoints }) => (
                <th
                  key={id}
                  scope="col"
                  className="sticky top-0 z-10 min-w-28 max-w-48 bg-surface font-medium"
                >
                  <Link
                    href={`/assignments/${id}?part=hand-ins`}
                    className="line-clamp-2 underline underline-offset-2"
                  >
                    {oneLine(title, 120)}
                  </Link>
                  <span className="tabular block font-normal text-muted">
                    {t('grades.of', { points: number(maxPoints) })}
                  </span>
                </th>
              ))}
              <th
                scope="col"
                className="sticky top-0 z-10 border-l bg-surface font-medium sm:right-0 sm:z-20"
              >
                {t('grades.total')}
                <span className="tabular block whitespace-nowrap font-normal text-muted">
                  {t('grades.of', { points: number(all) })}
                </span>
              </th>
            </tr>
          </thead>
          <tbody>
            {of.students.map((one) => (
              <tr key={one.id}>
                <th
                  scope="row"
                  className="sticky left-0 z-10 min-w-32 max-w-32 border-r bg-surface font-medium sm:min-w-48 sm:max-w-64"
                >
                  <span className="block break-words">{oneLine(one.name)}</span>
                  {one.number !== null && (
                    <span className="block font-normal text-muted text-xs">{oneLine(one.number)}</span>
                  )}
                </th>
                {one.grades.map((grade, at) => (
                  <td key={of.assignments[at]?.id}>
                    <Cell of={grade} />
                  </td>
                ))}
                <td className="tabular border-l bg-surface font-medium sm:sticky sm:right-0">
                  {number(one.total)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p className="flex items-center gap-1.5 px-4 py-2 text-muted text-xs">
        <PencilLine aria-hidden className="size-3.5" />
        {t('grades.givenText')}
      </p>
    </>
  )
}

function Cell({ of }: { of: Gradebook['students'][number]['grades'][number] }) {
  const t = useTranslations()
  const standing = standingOf(of)
  const inside = (
    <>
      {standing === 'graded' ? <Points points={of.points} of={null} /> : <GradeBadge of={of} />}
      {of.given && (
        <>
          <PencilLine aria-hidden className="ml-1 inline size-3.5 text-muted" />
          <span className="sr-only"> {t('handIns.byPerson')}</span>
        </>
      )}
    </>
  )
  if (of.submission === null) return of.points === null ? <span className="text-muted">–</span> : inside
  return (
    <Link href={`/submissions/${of.submission}`} className="underline underline-offset-2">
      {inside}
    </Link>
  )
}

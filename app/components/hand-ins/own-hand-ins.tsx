'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Assignment } from '../../lib/protocol-assignments'
import { type Grade, gradeList, type Submission, submissionList } from '../../lib/protocol-submissions'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { Failed, SkeletonRows } from '../ui/states'
import { ChosenLevels } from './chosen-levels'
import { OwnHandIn } from './own-hand-in'
import { ownGradePath, ownHandInsPath } from './paths'
import { GradeBadge, Points } from './standing'

const refreshMs = 60_000
/** While tests run. */
const soonMs = 3000

/** What a student has handed in for an assignment, with what they got for it as far as they are shown that. */
export default function OwnHandIns({ of }: { of: Assignment }) {
  const t = useTranslations()
  const [isGrading, setGrading] = useState(false)
  const everyMs = isGrading ? soonMs : refreshMs
  const list = useResource(ownHandInsPath(of.id), submissionList, { everyMs: refreshMs })
  const grades = useResource(ownGradePath(of.id), gradeList, { everyMs })
  const grade = grades.data?.items[0]
  const goesOn = grade?.state === 'queued' || grade?.state === 'running'
  if (goesOn !== isGrading) setGrading(goesOn)
  if (!list.data || !grades.data) {
    const error = list.error ?? grades.error
    const retry = () => Promise.all([list.mutate(), grades.mutate()])
    return error ? <Failed error={error} retry={retry} /> : <SkeletonRows rows={2} />
  }
  if (list.data.items.length === 0) {
    return (
      <div className="grid gap-3">
        {grade && grade.points !== null && <OwnGrade grade={grade} />}
        <p className="text-muted">{t(noneText(of))}</p>
      </div>
    )
  }
  return (
    <div className="grid gap-3">
      {grade && <OwnGrade grade={grade} />}
      <ol aria-label={t('handIns.title')} className="divide-y divide-line border-line border-t">
        {list.data.items.map((one: Submission) => (
          <OwnHandIn key={one.id} one={one} grade={grade} />
        ))}
      </ol>
    </div>
  )
}

function noneText({ state, work }: Assignment) {
  if (state === 'closed') return 'handIns.noneClosed'
  return work?.sandbox ? 'handIns.none' : 'handIns.noneUnbegun'
}

/** Points, and what the teacher says. */
function OwnGrade({ grade }: { grade: Grade }) {
  const t = useTranslations()
  const { number, dateTime } = useFormat()
  const { points, maxPoints, given, latePercent, state } = grade
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        {points !== null && (
          <span className="font-semibold text-lg">
            <span className="sr-only">{t('handIns.points')}: </span>
            <Points points={points} of={maxPoints} />
          </span>
        )}
        <GradeBadge of={grade} />
      </div>
      {state === 'hidden' && <p className="text-muted">{t('handIns.hiddenText')}</p>}
      {points !== null && given === null && latePercent > 0 && (
        <p className="text-muted text-xs">{t('handIns.penalty', { percent: number(latePercent) })}</p>
      )}
      {given && (
        <figure className="rounded-md border border-line bg-ground px-3 py-2">
          <figcaption className="text-muted text-xs">
            {t('handIns.givenAt', { at: dateTime(given.at) })}
          </figcaption>
          {given.levels && <ChosenLevels levels={given.levels} />}
          {given.comment !== '' && (
            <blockquote className="mt-1 whitespace-pre-wrap break-words">{given.comment}</blockquote>
          )}
        </figure>
      )}
    </div>
  )
}

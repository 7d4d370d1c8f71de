'use client'

import { useRouter } from 'next/navigation'
import { useTranslations } from 'use-intl'
import { ChosenLevels } from '../../../components/hand-ins/chosen-levels'
import { GradeForm } from '../../../components/hand-ins/grade-form'
import { GradeBadge, Points } from '../../../components/hand-ins/standing'
import { Panel } from '../../../components/ui/panel'
import { oneLine } from '../../../lib/format'
import { type Grade, givenGrades } from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'
import type { Queue } from './queue'

/** What a student has for the assignment, and points that a person gives in the place of those of the tests. */
export function GivenPart({
  grade,
  queue,
  onDone,
}: {
  grade: Grade
  queue: Queue | null
  /** Reads again what the student has. */
  onDone: () => Promise<unknown>
}) {
  const t = useTranslations()
  const { number } = useFormat()
  const router = useRouter()
  const next = queue?.after?.href
  return (
    <Panel title={t('handIns.grade')} action={<GradeBadge of={grade} />}>
      <div className="grid gap-4 p-4">
        <div className="grid gap-1">
          <span className="font-semibold text-lg">
            <Points points={grade.points} of={grade.maxPoints} />
          </span>
          {grade.tested !== null && (
            <p className="text-muted text-xs">
              {t('handIns.tested', { points: number(grade.tested) })}
              {grade.latePercent > 0 && ` · ${t('handIns.penalty', { percent: number(grade.latePercent) })}`}
            </p>
          )}
          {grade.given && (
            <p className="text-muted text-xs">
              {t('handIns.givenBy', { name: oneLine(grade.given.by ?? '–') })}
            </p>
          )}
        </div>
        {grade.given?.levels && <ChosenLevels levels={grade.given.levels} />}
        <GradeForm
          grade={grade}
          next={next !== undefined}
          onDone={(goesOn) => {
            if (goesOn && next !== undefined) router.push(next)
            return onDone()
          }}
        />
        {grade.given && <Former grade={grade} />}
      </div>
    </Panel>
  )
}

/** Each time that a person gave points. */
function Former({ grade }: { grade: Grade }) {
  const t = useTranslations()
  const { number, dateTime } = useFormat()
  const path = `/assignments/${grade.assignment}/grades/${grade.student.userId}`
  const { data } = useResource(path, givenGrades)
  if (!data || data.items.length < 2) return null
  return (
    <details>
      <summary className="rounded text-muted">
        {t('handIns.formerGivenCount', { count: data.items.length - 1 })}
      </summary>
      <ol className="mt-2 grid gap-2 text-xs">
        {data.items.slice(1).map(({ points, comment, by, at }) => (
          <li key={at} className="grid">
            <span>
              {points === null
                ? t('handIns.wasTakenBack')
                : t('handIns.pointCount', { points: number(points) })}
              <span className="text-muted">
                {' '}
                · {oneLine(by)} · {dateTime(at)}
              </span>
            </span>
            {comment !== '' && <span className="whitespace-pre-wrap break-words">{comment}</span>}
          </li>
        ))}
      </ol>
    </details>
  )
}

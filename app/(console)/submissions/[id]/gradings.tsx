'use client'

import { RotateCw } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Results } from '../../../components/hand-ins/results'
import { Points } from '../../../components/hand-ins/standing'
import { Button } from '../../../components/ui/button'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { order } from '../../../lib/api'
import { type Grade, type Grading, gradingList, type Submission } from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'
import { useSubmit } from '../../../lib/use-submit'

const soonMs = 3000

/** What the tests found in a hand-in: the newest result, and all former ones. */
export function GradingsPart({
  of,
  looks,
  grade,
  onChange,
}: {
  of: Submission
  /** The caller is staff, and has the tests run again. */
  looks: boolean
  grade: Grade | undefined
  /** A grading has ended. */
  onChange: () => void
}) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const [isGrading, setGrading] = useState(false)
  const path = `/submissions/${of.id}/gradings`
  const { data, error, mutate } = useResource(path, gradingList, { everyMs: isGrading ? soonMs : 0 })
  const again = useSubmit(async () => {
    await order(path, { method: 'POST' })
    await mutate()
  })
  const [newest, ...former] = data?.items ?? []
  const goesOn = newest?.state === 'queued' || newest?.state === 'running'
  if (goesOn !== isGrading) setGrading(goesOn)
  useEnd(goesOn, onChange)
  return (
    <Panel
      title={t('handIns.results')}
      action={
        looks && (
          <form onSubmit={again.submit}>
            <Button type="submit" size="small" busy={again.busy} disabled={goesOn}>
              {!again.busy && <RotateCw aria-hidden />}
              {t('handIns.gradeOne')}
            </Button>
          </form>
        )
      }
    >
      <div className="grid gap-3 p-4">
        {again.error && <Notice tone="bad">{again.error.message}</Notice>}
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
        {!looks && grade?.given && of.counts && (
          <figure className="rounded-md border border-line bg-ground px-3 py-2">
            <figcaption className="text-muted text-xs">
              {t('handIns.givenAt', { at: dateTime(grade.given.at) })} ·{' '}
              <Points points={grade.given.points} of={grade.maxPoints} />
            </figcaption>
            {grade.given.comment !== '' && (
              <blockquote className="mt-1 whitespace-pre-wrap break-words">{grade.given.comment}</blockquote>
            )}
          </figure>
        )}
        {data && !newest && <p className="text-muted">{t('handIns.noResults')}</p>}
        {newest && <One of={newest} />}
        {former.length > 0 && (
          <details className="border-line border-t pt-3">
            <summary className="rounded text-muted">
              {t('handIns.formerGradings', { count: former.length })}
            </summary>
            <ol className="mt-3 grid gap-5">
              {former.map((one) => (
                <li key={one.id}>
                  <One of={one} />
                </li>
              ))}
            </ol>
          </details>
        )}
      </div>
    </Panel>
  )
}

function One({ of }: { of: Grading }) {
  const { dateTime } = useFormat()
  return (
    <div className="grid gap-3">
      <div className="flex items-baseline justify-between gap-3">
        <span className="text-muted text-xs">{dateTime(of.finishedAt ?? of.createdAt)}</span>
        {of.points !== null && (
          <span className="font-medium">
            <Points points={of.points} of={of.maxPoints} />
          </span>
        )}
      </div>
      <Results of={of} />
    </div>
  )
}

/** Calls when something that went on has ended. */
function useEnd(goesOn: boolean, onEnd: () => void): void {
  const went = useRef(false)
  const last = useRef(onEnd)
  last.current = onEnd
  useEffect(() => {
    if (went.current && !goesOn) last.current()
    went.current = goesOn
  }, [goesOn])
}

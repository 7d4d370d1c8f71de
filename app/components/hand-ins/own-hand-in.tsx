'use client'

import { ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { type Grade, gradingList, type Submission } from '../../lib/protocol-submissions'
import { useResource } from '../../lib/resource'
import { ClassTime } from '../assignments/class-time'
import { Button } from '../ui/button'
import { Failed, SkeletonRows } from '../ui/states'
import { Late } from './late'
import { SaveReceipt } from './receipt'
import { Results } from './results'
import { Points } from './standing'

const soonMs = 3000

/** One thing that a student has handed in; the one that counts is open. */
export function OwnHandIn({ one, grade }: { one: Submission; grade: Grade | undefined }) {
  const t = useTranslations()
  const id = useId()
  const [turned, setTurned] = useState<boolean | null>(null)
  const open = turned ?? one.counts
  return (
    <li className="py-2">
      <div className="flex items-start justify-between gap-3">
        <button
          type="button"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setTurned(!open)}
          className="flex min-w-0 items-start gap-1.5 rounded text-left"
        >
          <ChevronRight
            aria-hidden
            className={cn('mt-0.5 size-4 shrink-0 transition-transform', open && 'rotate-90')}
          />
          <span className="grid min-w-0">
            <span>
              <span className="font-medium">{t('handIns.nth', { number: String(one.number) })}</span>
              {one.counts && <span className="ml-2 text-accent text-xs">{t('handIns.counts')}</span>}
            </span>
            <span className="text-xs">
              <ClassTime time={one.at} />
            </span>
            {one.late && <Late late={one.late} />}
          </span>
        </button>
        {one.counts && grade && grade.points !== null && (
          <Points points={grade.points} of={grade.maxPoints} />
        )}
      </div>
      <div id={id} hidden={!open} className="mt-2 ml-5.5 grid gap-3">
        {open && <Detail one={one} />}
      </div>
    </li>
  )
}

function Detail({ one }: { one: Submission }) {
  const t = useTranslations()
  const [isGrading, setGrading] = useState(false)
  const { data, error, mutate } = useResource(`/submissions/${one.id}/gradings`, gradingList, {
    everyMs: isGrading ? soonMs : 0,
  })
  const newest = data?.items[0]
  const goesOn = newest?.state === 'queued' || newest?.state === 'running'
  if (goesOn !== isGrading) setGrading(goesOn)
  return (
    <>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {newest && <Results of={newest} />}
      {newest && !one.counts && newest.points !== null && (
        <p className="text-muted text-xs">
          {t('handIns.points')}: <Points points={newest.points} of={newest.maxPoints} />
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button asChild size="small">
          <Link href={`/submissions/${one.id}`}>{t('handIns.look')}</Link>
        </Button>
        <SaveReceipt of={one} small />
      </div>
    </>
  )
}

'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { ClassTime } from '../../../components/assignments/class-time'
import { Late } from '../../../components/hand-ins/late'
import { GradeBadge, Points } from '../../../components/hand-ins/standing'
import { Button } from '../../../components/ui/button'
import { oneLine } from '../../../lib/format'
import type { Grade } from '../../../lib/protocol-submissions'

/** A student with what counts of what they have handed in. @param onGrade null where there are no tests */
export function HandInRow({
  one,
  onGrade,
  onGive,
}: {
  one: Grade
  onGrade: (() => void) | null
  onGive: () => void
}) {
  const t = useTranslations()
  const name = oneLine(one.student.name)
  const goesOn = one.state === 'queued' || one.state === 'running'
  return (
    <tr>
      <td className="font-medium">
        {one.submission === null ? (
          name
        ) : (
          <Link href={`/submissions/${one.submission}`} className="underline underline-offset-2">
            {name}
          </Link>
        )}
      </td>
      <td>
        {one.handedIn === null ? (
          <span className="text-muted">–</span>
        ) : (
          <>
            <ClassTime time={one.handedIn.at} plain />
            {one.handedIn.late && (
              <span className="block">
                <Late late={one.handedIn.late} />
              </span>
            )}
          </>
        )}
      </td>
      <td>
        <GradeBadge of={one} />
      </td>
      <td>
        <Points points={one.points} of={one.maxPoints} />
        {one.given && <span className="block text-muted text-xs">{t('handIns.byPerson')}</span>}
      </td>
      <td>
        <div className="flex justify-end gap-1">
          {one.submission === null ? (
            <Button look="quiet" size="small" aria-label={t('handIns.giveTo', { name })} onClick={onGive}>
              {t('handIns.give')}
            </Button>
          ) : (
            <>
              {onGrade && (
                <Button
                  look="quiet"
                  size="small"
                  disabled={goesOn}
                  aria-label={t('handIns.gradeOneOf', { name })}
                  onClick={onGrade}
                >
                  {t('handIns.gradeOne')}
                </Button>
              )}
              <Button asChild size="small">
                <Link href={`/submissions/${one.submission}`} aria-label={t('handIns.openOf', { name })}>
                  {t('handIns.openOne')}
                </Link>
              </Button>
            </>
          )}
        </div>
      </td>
    </tr>
  )
}

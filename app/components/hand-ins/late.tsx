import { useTranslations } from 'use-intl'
import type { Submission } from '../../lib/protocol-submissions'
import { useFormat } from '../../lib/use-format'

/** How late something was handed in, and what that costs. */
export function Late({ late: { days, percent } }: { late: NonNullable<Submission['late']> }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <span className="font-medium text-warn text-xs">
      {percent === 0
        ? t('handIns.late', { count: days })
        : t('handIns.lateLoses', { count: days, percent: number(percent) })}
    </span>
  )
}

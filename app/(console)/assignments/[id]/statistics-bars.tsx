import { useTranslations } from 'use-intl'
import type { Distribution } from '../../../lib/protocol-statistics'
import { useFormat } from '../../../lib/use-format'

/** A bar, and after it what has failed. The numbers beside it say the same. */
export function Bar({ value, bad = 0, of }: { value: number; bad?: number; of: number }) {
  const share = (part: number) => `${of === 0 ? 0 : Math.min(100, (100 * part) / of)}%`
  return (
    <div aria-hidden className="flex h-2 min-w-24 overflow-hidden rounded-full bg-line">
      <span className="bg-accent" style={{ width: share(value) }} />
      <span className="bg-bad" style={{ width: share(bad) }} />
    </div>
  )
}

export function Quartiles({ of, unit }: { of: Distribution; unit?: (value: number) => string }) {
  const t = useTranslations()
  const { number } = useFormat()
  const shown = unit ?? number
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-2 border-line border-b px-4 py-3 [&_dd]:font-medium [&_dt]:text-muted [&_dt]:text-xs">
      {(['lowerQuartile', 'median', 'upperQuartile'] as const).map((what) => (
        <div key={what}>
          <dt>{t(`statistics.${what}`)}</dt>
          <dd className="tabular">{shown(of[what])}</dd>
        </div>
      ))}
      <div>
        <dt>{t('statistics.students')}</dt>
        <dd className="tabular">{number(of.students)}</dd>
      </div>
    </dl>
  )
}

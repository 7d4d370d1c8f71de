import { useTranslations } from 'use-intl'
import { poolHistory } from '../../lib/protocol-operator'
import { useFormat } from '../../lib/use-format'

const width = 240
const height = 48
const minutes = Math.round((poolHistory.everyMs * poolHistory.readings) / 60_000)

/**
 * Two lines over the last minutes: what is, solid; what is wanted or expected, dashed. The figures beside it say the same.
 */
export function Spark({ solid, dashed }: { solid: readonly number[]; dashed: readonly number[] }) {
  const t = useTranslations()
  const { number } = useFormat()
  const top = Math.max(1, Math.ceil(Math.max(...solid, ...dashed, 1)))
  return (
    <div aria-hidden className="tabular mt-1 grid grid-cols-[auto_1fr] gap-x-2 text-muted text-xs">
      <div className="flex flex-col justify-between text-right leading-4">
        <span>{number(top)}</span>
        <span>0</span>
      </div>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" className="h-12 w-full">
        <title>{t('operator.lastMinutes', { minutes: String(minutes) })}</title>
        {[0.5, height - 0.5].map((y) => (
          <line
            key={y}
            x1="0"
            x2={width}
            y1={y}
            y2={y}
            className="stroke-line"
            vectorEffect="non-scaling-stroke"
          />
        ))}
        <polyline
          points={points(dashed, top)}
          className="fill-none stroke-edge"
          strokeDasharray="3 3"
          vectorEffect="non-scaling-stroke"
        />
        <polyline
          points={points(solid, top)}
          className="fill-none stroke-accent"
          strokeWidth="1.5"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <span />
      <div className="flex justify-between">
        <span>{t('operator.minutesAgo', { minutes: String(minutes) })}</span>
        <span>{t('operator.now')}</span>
      </div>
    </div>
  )
}

/** The newest reading at the right end, however few there are. */
function points(values: readonly number[], top: number): string {
  return values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * (width / (poolHistory.readings - 1))
      return `${x.toFixed(1)},${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`
    })
    .join(' ')
}

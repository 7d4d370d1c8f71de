import { useTranslations } from 'use-intl'
import { type Format, useFormat } from '../../lib/use-format'
import { axisFor, type Unit, withUnit } from './axis'
import { type Bucket, type Measure, type Period, valueIn } from './buckets'

/** Bars over time, with an axis for each. Screen readers get the same as a table. */
export function Bars({
  label,
  buckets,
  measure,
  units,
  period,
}: {
  label: string
  buckets: readonly Bucket[]
  measure: Measure
  /** Those of the measure, with names in the language of the page. */
  units: readonly Unit[]
  period: Period
}) {
  const { dateTime, monthDay, timeOfDay } = useFormat()
  const t = useTranslations()
  const spanOf = (bucket: Bucket) => t('usage.span', endsOf(bucket, { dateTime, timeOfDay }))
  const values = buckets.map((bucket) => valueIn(bucket, measure))
  const axis = axisFor(Math.max(...values, 0), units)
  const width = 100 / buckets.length
  const time = (ms: number) => (period.step === 1 ? timeOfDay(ms) : monthDay(ms))
  const marks = buckets.flatMap(({ fromMs }, index) =>
    index % period.barsPerMark === 0 ? [{ at: index * width, name: time(fromMs) }] : [],
  )
  return (
    <>
      <div aria-hidden className="tabular relative ml-18 h-24 text-muted text-xs">
        {axis.ticks.map(({ share, label: tick }) => (
          <div
            key={share}
            className="absolute inset-x-0 border-line border-t"
            style={{ bottom: `${share * 100}%` }}
          >
            <span data-tick className="-translate-y-1/2 absolute right-full mr-2 whitespace-nowrap leading-4">
              {tick}
            </span>
          </div>
        ))}
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" className="absolute inset-0 size-full">
          <title>{label}</title>
          {buckets.map((bucket, index) => {
            const value = values[index] ?? 0
            const height = value > 0 ? Math.max((value / axis.top) * 100, 1.5) : 0
            return (
              <g key={bucket.fromMs} className="group">
                <title>{`${spanOf(bucket)}: ${withUnit(value, units)}`}</title>
                <rect x={index * width} y={0} width={width} height={100} className="fill-transparent" />
                <rect
                  x={index * width + width * 0.12}
                  y={100 - height}
                  width={width * 0.76}
                  height={height}
                  className="fill-accent group-hover:fill-accent-hover"
                />
              </g>
            )
          })}
        </svg>
      </div>
      <div aria-hidden className="tabular relative mt-1.5 ml-18 h-4 text-muted text-xs">
        {marks.map(({ at, name }) => (
          <span key={at} data-mark className="absolute whitespace-nowrap" style={{ left: `${at}%` }}>
            {name}
          </span>
        ))}
      </div>
      <table className="sr-only">
        <caption>{label}</caption>
        <tbody>
          {buckets.map((bucket, index) =>
            values[index] ? (
              <tr key={bucket.fromMs}>
                <th scope="row">{spanOf(bucket)}</th>
                <td>{withUnit(values[index], units)}</td>
              </tr>
            ) : null,
          )}
        </tbody>
      </table>
    </>
  )
}

/** From when to when a bar counts. */
function endsOf({ fromMs, hours }: Bucket, { dateTime, timeOfDay }: Pick<Format, 'dateTime' | 'timeOfDay'>) {
  const [from, to] = [new Date(fromMs), new Date(fromMs + hours * 3_600_000)]
  return {
    from: dateTime(from.toISOString()),
    to: hours < 24 ? timeOfDay(to.getTime()) : dateTime(to.toISOString()),
  }
}

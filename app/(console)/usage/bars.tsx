import { dateTime } from '../../lib/format'
import { type Bucket, type Measure, valueIn } from './buckets'

const height = 56

/** Bars over time. Screen readers get the same as a table. */
export function Bars({
  label,
  buckets,
  measure,
}: {
  label: string
  buckets: readonly Bucket[]
  measure: Measure
}) {
  const values = buckets.map((bucket) => valueIn(bucket, measure))
  const top = Math.max(...values, 0)
  const width = 100 / buckets.length
  const first = buckets[0]
  return (
    <>
      <svg
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        className="h-14 w-full"
        aria-hidden="true"
      >
        {buckets.map((bucket, index) => {
          const value = values[index] ?? 0
          const bar = top > 0 ? Math.max((value / top) * height, value > 0 ? 1.5 : 0) : 0
          return (
            <g key={bucket.fromMs} className="group">
              <title>{`${dateTime(new Date(bucket.fromMs).toISOString())}: ${measure.show(value)}`}</title>
              <rect x={index * width} y={0} width={width} height={height} className="fill-transparent" />
              <rect
                x={index * width + width * 0.12}
                y={height - bar}
                width={width * 0.76}
                height={bar}
                className="fill-accent group-hover:fill-accent-hover"
              />
            </g>
          )
        })}
        <line
          x1="0"
          x2="100"
          y1={height - 0.25}
          y2={height - 0.25}
          className="stroke-line"
          strokeWidth="0.5"
        />
      </svg>
      <div aria-hidden className="tabular mt-1 flex justify-between text-muted text-xs">
        <span>{first && dateTime(new Date(first.fromMs).toISOString())}</span>
        <span>now</span>
      </div>
      <table className="sr-only">
        <caption>{label}</caption>
        <tbody>
          {buckets.map((bucket, index) =>
            values[index] ? (
              <tr key={bucket.fromMs}>
                <th scope="row">{dateTime(new Date(bucket.fromMs).toISOString())}</th>
                <td>{measure.show(values[index])}</td>
              </tr>
            ) : null,
          )}
        </tbody>
      </table>
    </>
  )
}

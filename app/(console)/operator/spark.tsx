import { kept } from './use-history'

const width = 240
const height = 48

/** Two lines over the last minutes: what is, solid; what is wanted or expected, dashed. The figures beside it say the same. */
export function Spark({ solid, dashed }: { solid: readonly number[]; dashed: readonly number[] }) {
  const top = Math.max(...solid, ...dashed, 1)
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className="mt-1 h-12 w-full"
      aria-hidden="true"
    >
      <line
        x1="0"
        x2={width}
        y1={height - 0.5}
        y2={height - 0.5}
        className="stroke-line"
        vectorEffect="non-scaling-stroke"
      />
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
  )
}

/** The newest reading at the right end, however few there are. */
function points(values: readonly number[], top: number): string {
  return values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * (width / (kept - 1))
      return `${x.toFixed(1)},${(height - 1 - (value / top) * (height - 4)).toFixed(1)}`
    })
    .join(' ')
}

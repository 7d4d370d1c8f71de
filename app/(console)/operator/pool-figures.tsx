import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { mebibytes, percent } from '../../lib/format'
import type { PoolReading, PoolStatus } from '../../lib/protocol'
import { Spark } from './spark'

/** One pool: a line that opens to two graphs of the last minutes and the figures behind them. */
export function PoolFigures({ pool }: { pool: PoolStatus }) {
  const claims = pool.hits + pool.misses
  const discarded = Object.entries(pool.discardedTotal).filter(([, number]) => number > 0)
  const history = (name: keyof PoolReading) => [...pool.history.map((one) => one[name]), nowOf(pool)[name]]
  // Those that are in use show their graphs; a node has a pool for each language.
  const [open, setOpen] = useState(claims > 0)
  return (
    <li>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="group">
        <summary className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-2.5 hover:bg-hover">
          <ChevronRight
            aria-hidden
            className="size-4 shrink-0 self-center text-muted transition-transform group-open:rotate-90"
          />
          <h3 className="font-medium">{pool.template}</h3>
          <span className="text-muted text-xs">
            {pool.purpose === 'run' ? 'for runs' : `${pool.isolation}, ${mebibytes(pool.memoryMiB)}`}
          </span>
          <span className="tabular ml-auto">
            <strong className="font-semibold">
              {pool.ready} of {pool.target}
            </strong>{' '}
            ready
          </span>
          <span className="tabular text-muted text-xs">
            {pool.creating} starting{pool.asked > 0 && `, ${pool.asked} requested`}
          </span>
        </summary>
        {open && (
          <div className="grid gap-4 px-4 pt-1 pb-4 lg:grid-cols-2 lg:gap-8">
            <Graph
              name="Ready / target"
              now={`${pool.ready} / ${pool.target}`}
              lines={[history('ready'), history('target')]}
              facts={[
                ['Hit rate', claims > 0 ? percent(pool.hits / claims) : '–'],
                [
                  'Claims',
                  `${pool.hits.toLocaleString('en')} warm, ${pool.misses.toLocaleString('en')} cold starts`,
                ],
                ['Claim wait', `p50 ${milliseconds(pool.wait.p50Ms)}, p99 ${milliseconds(pool.wait.p99Ms)}`],
              ]}
            />
            <Graph
              name="Claims per minute: actual / forecast"
              now={`${round(pool.forecast.actual)} / ${round(pool.forecast.perMinute)}`}
              lines={[history('claims'), history('forecast')]}
              facts={[
                [
                  'Last minute',
                  `${round(pool.forecast.actual)} actual, ${round(pool.forecast.expected)} expected`,
                ],
                [
                  'Created',
                  `${pool.madeTotal.toLocaleString('en')}, ${pool.refillsPerMinute} in the last minute`,
                ],
                [
                  'Evicted',
                  discarded.length ? discarded.map(([why, number]) => `${number} ${why}`).join(', ') : 'none',
                ],
              ]}
            />
          </div>
        )}
      </details>
    </li>
  )
}

/** The reading of now: the kept ones are up to ten seconds old. */
const nowOf = ({ ready, target, forecast }: PoolStatus): PoolReading => ({
  ...{ ready, target, claims: forecast.actual, forecast: forecast.perMinute },
})

function round(value: number): string {
  return Number(value.toFixed(1)).toLocaleString('en')
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function Graph({
  name,
  now,
  lines,
  facts,
}: {
  name: string
  now: string
  lines: readonly [readonly number[], readonly number[]]
  facts: readonly (readonly [string, string])[]
}) {
  return (
    <figure className="min-w-0">
      <figcaption className="flex justify-between gap-3 text-xs">
        <span className="text-muted">{name}</span>
        <span className="tabular">{now}</span>
      </figcaption>
      <Spark solid={lines[0]} dashed={lines[1]} />
      <dl className="tabular mt-1.5 grid grid-cols-[auto_1fr] gap-x-3 text-xs leading-5">
        {facts.map(([fact, value]) => (
          <div key={fact} className="contents">
            <dt className="text-muted">{fact}</dt>
            <dd className="text-right">{value}</dd>
          </div>
        ))}
      </dl>
    </figure>
  )
}

import { mebibytes, percent } from '../../lib/format'
import type { PoolStatus } from '../../lib/protocol'
import { Spark } from './spark'
import { poolName, type Reading } from './use-history'

/** One pool: two live graphs, and the figures behind them. */
export function PoolFigures({ pool, history }: { pool: PoolStatus; history: readonly Reading[] }) {
  const claims = pool.hits + pool.misses
  const discarded = Object.entries(pool.discardedTotal).filter(([, number]) => number > 0)
  return (
    <li className="grid gap-4 p-4 lg:grid-cols-[12rem_1fr_1fr] lg:gap-8">
      <div className="min-w-0">
        <h3 className="truncate font-medium">{pool.template}</h3>
        <p className="text-muted text-xs">
          {pool.purpose === 'run' ? 'for runs' : `${pool.isolation}, ${mebibytes(pool.memoryMiB)}`}
        </p>
        <p className="tabular mt-2 font-semibold text-base">
          {pool.ready} of {pool.target}
          <span className="font-normal text-muted text-sm"> ready</span>
        </p>
        <p className="tabular text-muted text-xs">
          {pool.creating} starting{pool.asked > 0 && `, ${pool.asked} requested`}
        </p>
      </div>
      <Graph
        name="Ready / target"
        now={`${pool.ready} / ${pool.target}`}
        lines={[history.map(({ ready }) => ready), history.map(({ target }) => target)]}
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
        lines={[history.map(({ came }) => came), history.map(({ forecast }) => forecast)]}
        facts={[
          ['Last minute', `${round(pool.forecast.actual)} actual, ${round(pool.forecast.expected)} expected`],
          ['Created', `${pool.madeTotal.toLocaleString('en')}, ${pool.refillsPerMinute} in the last minute`],
          [
            'Evicted',
            discarded.length ? discarded.map(([why, number]) => `${number} ${why}`).join(', ') : 'none',
          ],
        ]}
      />
      <span className="sr-only">{poolName(pool)}</span>
    </li>
  )
}

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

import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { mebibytes, percent } from '../../lib/format'
import type { PoolReading, PoolStatus } from '../../lib/protocol-operator'
import { useFormat } from '../../lib/use-format'
import { Spark } from './spark'

const evictReasons = ['idle', 'age', 'rebuilt', 'memory', 'dead'] as const

/** One pool: a line that opens to two graphs of the last minutes and the figures behind them. */
export function PoolFigures({ pool }: { pool: PoolStatus }) {
  const t = useTranslations()
  const { number } = useFormat()
  const round = (value: number) => number(Number(value.toFixed(1)))
  const claims = pool.hits + pool.misses
  const discarded = evictReasons
    .filter((why) => pool.discardedTotal[why] > 0)
    .map((why) =>
      t('operator.evictedFor', {
        ...{ count: String(pool.discardedTotal[why]), why: t(`operator.evictReasons.${why}`) },
      }),
    )
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
            {pool.purpose === 'run'
              ? t('operator.forRuns')
              : t('operator.poolParts', {
                  isolation: t(`operator.isolations.${pool.isolation}`),
                  memory: mebibytes(pool.memoryMiB),
                })}
          </span>
          <span className="tabular ml-auto">
            {t.rich('operator.ready', {
              ...{ ready: String(pool.ready), target: String(pool.target) },
              strong: (text) => <strong className="font-semibold">{text}</strong>,
            })}
          </span>
          <span className="tabular text-muted text-xs">
            {pool.asked > 0
              ? t('operator.requested', { starting: String(pool.creating), requested: String(pool.asked) })
              : t('operator.starting', { starting: String(pool.creating) })}
          </span>
        </summary>
        {open && (
          <div className="grid gap-4 px-4 pt-1 pb-4 lg:grid-cols-2 lg:gap-8">
            <Graph
              name={t('operator.readyTarget')}
              now={`${pool.ready} / ${pool.target}`}
              lines={[history('ready'), history('target')]}
              facts={[
                [t('operator.hitRate'), claims > 0 ? percent(pool.hits / claims) : '–'],
                [
                  t('operator.claims'),
                  t('operator.claimsText', { warm: number(pool.hits), cold: number(pool.misses) }),
                ],
                [
                  t('operator.claimWait'),
                  t('operator.claimWaitText', {
                    ...{ p50: milliseconds(pool.wait.p50Ms), p99: milliseconds(pool.wait.p99Ms) },
                  }),
                ],
              ]}
            />
            <Graph
              name={t('operator.claimsPerMinute')}
              now={`${round(pool.forecast.actual)} / ${round(pool.forecast.perMinute)}`}
              lines={[history('claims'), history('forecast')]}
              facts={[
                [
                  t('operator.lastMinute'),
                  t('operator.lastMinuteText', {
                    ...{ actual: round(pool.forecast.actual), expected: round(pool.forecast.expected) },
                  }),
                ],
                [
                  t('operator.made'),
                  t('operator.madeText', {
                    ...{ total: number(pool.madeTotal), recent: String(pool.refillsPerMinute) },
                  }),
                ],
                [t('operator.evicted'), discarded.join(t('common.comma')) || t('operator.none')],
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

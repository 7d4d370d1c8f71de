import { Notice } from '../../components/ui/notice'
import { Panel, Table } from '../../components/ui/panel'
import { oneLine, percent } from '../../lib/format'
import type { PoolStatus } from '../../lib/protocol'
import { useHistory } from './use-history'

/** Sandboxes that wait to be claimed, and how often one was there in time. */
export function Pools({ pools }: { pools: readonly PoolStatus[] }) {
  const history = useHistory(pools)
  return (
    <Panel title="Pools">
      {pools
        .filter(({ failure }) => failure !== null)
        .map(({ template, isolation, failure }) => (
          <div key={`${template} ${isolation}`} className="border-line border-b p-3">
            <Notice tone="bad">
              The pool of {template} ({isolation}) does not fill: {oneLine(failure ?? '', 400)}
            </Notice>
          </div>
        ))}
      <Table
        label="Pools"
        head={[
          'Template',
          'Isolation',
          'Ready',
          'The last two minutes',
          'Being made',
          'Hits',
          'Misses',
          'Hit rate',
        ]}
      >
        {pools.map((pool) => {
          const claims = pool.hits + pool.misses
          const key = `${pool.template} ${pool.isolation}`
          return (
            <tr key={key} className="tabular whitespace-nowrap">
              <td className="font-medium">{pool.template}</td>
              <td className="text-muted">{pool.isolation}</td>
              <td>
                {pool.ready} of {pool.target}
              </td>
              <td>
                <Spark values={history.get(key) ?? []} top={pool.target} />
              </td>
              <td>{pool.creating}</td>
              <td>{pool.hits.toLocaleString('en')}</td>
              <td>{pool.misses.toLocaleString('en')}</td>
              <td>{claims > 0 ? percent(pool.hits / claims) : '–'}</td>
            </tr>
          )
        })}
      </Table>
    </Panel>
  )
}

const width = 120
const height = 20
/** Readings that a spark shows: two minutes of them. */
const readings = 60

function Spark({ values, top }: { values: readonly number[]; top: number }) {
  const highest = Math.max(top, ...values, 1)
  const points = values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * (width / (readings - 1))
      return `${x.toFixed(1)},${(height - 1 - (value / highest) * (height - 2)).toFixed(1)}`
    })
    .join(' ')
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className="h-5 w-30" aria-hidden="true">
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} className="stroke-line" />
      <polyline points={points} className="fill-none stroke-accent" strokeWidth="1.5" />
    </svg>
  )
}

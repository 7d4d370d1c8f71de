'use client'

import { Flame } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Meter } from '../../components/ui/meter'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { bare } from '../../lib/limits'
import { type PoolsStatus, poolsStatus } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { PoolFigures } from './pool-figures'
import { poolName } from './pool-name'
import { WarmAhead } from './warm-ahead'
import { WarmDialog } from './warm-dialog'

/** How often the pools are read. */
const everyMs = 2000

/**
 * Sandboxes of a node that wait to be claimed: how many, how often one was there in time, and what is forecast.
 * `query` says which node.
 */
export function Pools({ query }: { query: string }) {
  const { data, error, mutate } = useResource(`/admin/pools${query}`, poolsStatus, { everyMs, always: true })
  const [asking, setAsking] = useState(false)
  return (
    <Panel
      title="Pools"
      action={
        data && (
          <Button look="quiet" size="small" onClick={() => setAsking(true)}>
            <Flame aria-hidden />
            Pre-warm
          </Button>
        )
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data && (
        <>
          {data.pools.map(
            (pool) =>
              pool.failure !== null && (
                <div key={poolName(pool)} className="border-line border-b p-3">
                  <Notice tone="bad">
                    The pool for {poolName(pool)} cannot be filled: {pool.failure}
                  </Notice>
                </div>
              ),
          )}
          <Budget status={data} />
          <ul aria-label="Pools" className="divide-y divide-line border-line border-t">
            {data.pools.map((pool) => (
              <PoolFigures key={poolName(pool)} pool={pool} />
            ))}
          </ul>
          <WarmAhead status={data} query={query} onChanged={() => void mutate()} />
          <WarmDialog
            open={asking}
            onOpenChange={setAsking}
            pools={data.pools}
            query={query}
            onAsked={() => {
              setAsking(false)
              void mutate()
            }}
          />
        </>
      )}
    </Panel>
  )
}

/** What all that waits costs the node, of what it may. */
function Budget({ status: { budget, spent } }: { status: PoolsStatus }) {
  const share = (part: keyof PoolsStatus['budget']) => (budget[part] > 0 ? spent[part] / budget[part] : 0)
  return (
    <div className="grid grid-cols-1 gap-x-8 gap-y-4 p-4 sm:grid-cols-3">
      <Meter
        label="Warm sandboxes"
        showLabel
        share={share('sandboxes')}
        text={`${bare('sandboxes', spent.sandboxes)} of ${bare('sandboxes', budget.sandboxes)}`}
      />
      <Meter
        label="Pool memory"
        showLabel
        share={share('memoryMiB')}
        text={`${bare('memoryMiB', spent.memoryMiB)} of ${bare('memoryMiB', budget.memoryMiB)}`}
      />
      <Meter
        label="Pool disk"
        showLabel
        share={share('diskMiB')}
        text={`${bare('diskMiB', spent.diskMiB)} of ${bare('diskMiB', budget.diskMiB)}`}
      />
    </div>
  )
}

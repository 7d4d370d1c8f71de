'use client'

import { Flame } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Meter } from '../../components/ui/meter'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { type PoolsStatus, poolsStatus } from '../../lib/protocol-operator'
import { useResource } from '../../lib/resource'
import { useLimits } from '../../lib/use-limits'
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
  const t = useTranslations()
  const { data, error, mutate } = useResource(`/admin/pools${query}`, poolsStatus, { everyMs, always: true })
  const [asking, setAsking] = useState(false)
  return (
    <Panel
      title={t('operator.pools')}
      action={
        data && (
          <Button look="quiet" size="small" onClick={() => setAsking(true)}>
            <Flame aria-hidden />
            {t('operator.preWarm')}
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
                <div key={poolName(pool, t)} className="border-line border-b p-3">
                  <Notice tone="bad">
                    {t('operator.poolFailure', { pool: poolName(pool, t), why: pool.failure })}
                  </Notice>
                </div>
              ),
          )}
          <Budget status={data} />
          <ul aria-label={t('operator.pools')} className="divide-y divide-line border-line border-t">
            {data.pools.map((pool) => (
              <PoolFigures key={poolName(pool, t)} pool={pool} />
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
  const t = useTranslations()
  const { bare } = useLimits()
  const share = (part: keyof PoolsStatus['budget']) => (budget[part] > 0 ? spent[part] / budget[part] : 0)
  const textOf = (part: keyof PoolsStatus['budget']) =>
    t('operator.of', { used: bare(part, spent[part]), total: bare(part, budget[part]) })
  return (
    <div className="grid grid-cols-1 gap-x-8 gap-y-4 p-4 sm:grid-cols-3">
      <Meter
        label={t('operator.warmSandboxes')}
        showLabel
        share={share('sandboxes')}
        text={textOf('sandboxes')}
      />
      <Meter
        label={t('operator.poolMemory')}
        showLabel
        share={share('memoryMiB')}
        text={textOf('memoryMiB')}
      />
      <Meter label={t('operator.poolDisk')} showLabel share={share('diskMiB')} text={textOf('diskMiB')} />
    </div>
  )
}

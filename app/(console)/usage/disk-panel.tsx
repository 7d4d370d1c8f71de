'use client'

import { useTranslations } from 'use-intl'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { bytes } from '../../lib/format'
import { diskKinds, diskUse } from '../../lib/protocol'
import { useResource } from '../../lib/resource'

const colours = {
  sandboxes: 'bg-accent',
  snapshots: 'bg-ink',
  templates: 'bg-bad',
  images: 'bg-edge',
  volumes: 'bg-warn',
  volumeSnapshots: 'bg-muted',
} as const

/** What the tenant has on disks: a bar of what each kind holds alone, and a list with what is shared as well. */
export function DiskPanel() {
  const t = useTranslations()
  const { data, error, mutate } = useResource('/usage/disk', diskUse, { everyMs: 30_000 })
  const own = data ? diskKinds.reduce((sum, kind) => sum + data[kind].exclusiveBytes, 0) : 0
  return (
    <Panel title={t('usage.disk.title')} className="mt-5">
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data && (
        <div className="grid gap-3 p-4">
          <div aria-hidden className="flex h-2 overflow-hidden rounded-full bg-line">
            {diskKinds.map((kind) => (
              <div
                key={kind}
                className={colours[kind]}
                style={{ width: `${own > 0 ? (data[kind].exclusiveBytes / own) * 100 : 0}%` }}
              />
            ))}
          </div>
          <ul
            aria-label={t('usage.disk.title')}
            className="grid gap-x-6 gap-y-2 sm:grid-cols-2 lg:grid-cols-3"
          >
            {diskKinds.map((kind) => (
              <li key={kind} className="flex min-w-0 items-start gap-2">
                <span aria-hidden className={`mt-1.5 size-2 shrink-0 rounded-full ${colours[kind]}`} />
                <div className="min-w-0">
                  <p>
                    {t(`usage.disk.${kind}`, { count: data[kind].count })}{' '}
                    <span className="tabular text-muted">{bytes(data[kind].bytes)}</span>
                  </p>
                  <p className="tabular text-muted text-xs">
                    {t('usage.disk.own', {
                      own: bytes(data[kind].exclusiveBytes),
                      shared: bytes(Math.max(0, data[kind].bytes - data[kind].exclusiveBytes)),
                    })}
                  </p>
                </div>
              </li>
            ))}
          </ul>
          {!data.complete && <p className="text-warn text-xs">{t('usage.disk.incomplete')}</p>}
        </div>
      )}
    </Panel>
  )
}

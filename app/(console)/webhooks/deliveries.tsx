'use client'

import { RotateCw, Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { SelectField } from '../../components/ui/field'
import { Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call } from '../../lib/api'
import { oneLine, sentence } from '../../lib/format'
import {
  deliveryList,
  eventBounds,
  replayedDeliveries,
  type Webhook,
  type WebhookDelivery,
  webhookDelivery,
} from '../../lib/protocol-webhooks'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'

const dayMs = 86_400_000
const looks = { delivered: 'text-good', failed: 'text-bad', pending: '' } as const

/** The newest deliveries of a webhook. What has failed is sent again, one by one or all. */
export function Deliveries({ webhook, onChange }: { webhook: Webhook; onChange: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const explain = useExplain()
  const [state, setState] = useState('')
  const path = `/webhooks/${webhook.id}/deliveries?limit=50${state === '' ? '' : `&state=${state}`}`
  const { data, error, mutate } = useResource(path, deliveryList, { everyMs: 3000 })
  const act = async (run: () => Promise<string>) => {
    try {
      toast.done(await run())
      await mutate()
      onChange()
    } catch (failure) {
      toast.failed(new Error(explain(failure)))
    }
  }
  const replay = ({ id, event }: WebhookDelivery) =>
    act(async () => {
      await call(webhookDelivery, `/webhooks/${webhook.id}/deliveries/${id}/replay`, {
        method: 'POST',
        body: {},
      })
      return t('webhooks.sentAgain', { type: event.type })
    })
  const replayFailed = () =>
    act(async () => {
      const since = new Date(Date.now() - eventBounds.days * dayMs).toISOString()
      const { replayed } = await call(replayedDeliveries, `/webhooks/${webhook.id}/replay`, {
        method: 'POST',
        body: { since },
      })
      return t('webhooks.allSentAgain', { count: replayed })
    })
  return (
    <Panel
      className="mt-6"
      title={t('webhooks.deliveriesOf', { name: oneLine(webhook.name) })}
      action={
        <div className="flex items-center gap-2">
          <SelectField
            bare
            label={t('webhooks.filter')}
            value={state}
            onChange={(event) => setState(event.target.value)}
          >
            <option value="">{t('webhooks.allDeliveries')}</option>
            <option value="failed">{t('webhooks.states.failed')}</option>
            <option value="pending">{t('webhooks.states.pending')}</option>
            <option value="delivered">{t('webhooks.states.delivered')}</option>
          </SelectField>
          <Button size="small" disabled={!webhook.enabled} onClick={() => void replayFailed()}>
            <RotateCw aria-hidden />
            {t('webhooks.replayFailed')}
          </Button>
        </div>
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data?.items.length === 0 && (
        <Empty icon={Send} title={t('webhooks.noDeliveries')}>
          {t('webhooks.noDeliveriesText')}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table
          label={t('webhooks.deliveries')}
          head={[
            ...[t('webhooks.event'), t('webhooks.state'), t('webhooks.tries'), t('webhooks.answer')],
            `·${t('webhooks.menu')}`,
          ]}
        >
          {data.items.map((one) => (
            <tr key={one.id}>
              <td>
                <code className="font-mono text-xs">{one.event.type}</code>
                <span className="block text-muted text-xs">
                  <Age since={one.event.timestamp} />
                </span>
              </td>
              <td className={looks[one.state]}>{t(`webhooks.states.${one.state}`)}</td>
              <td className="tabular">{one.tries}</td>
              <td className="max-w-80">
                {one.status !== null && <span className="tabular">{one.status}</span>}{' '}
                {one.error !== null && (
                  <span className="text-muted text-xs">{sentence(oneLine(one.error, 300))}</span>
                )}
                {one.answer && (
                  <span className="block truncate font-mono text-muted text-xs">
                    {oneLine(one.answer, 200)}
                  </span>
                )}
              </td>
              <td className="text-right">
                <Button
                  look="quiet"
                  size="small"
                  disabled={!webhook.enabled}
                  onClick={() => void replay(one)}
                  aria-label={t('webhooks.replayType', { type: one.event.type })}
                >
                  {t('webhooks.replay')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

'use client'

import { Plus, Webhook as WebhookIcon } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Webhook, webhook, webhookList, webhookWithSecret } from '../../lib/protocol-webhooks'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { Deliveries } from './deliveries'
import { SecretDialog } from './secret-dialog'
import { WebhookDialog } from './webhook-dialog'
import { WebhookRow } from './webhook-row'

/** Where the events of the tenant are sent, and what came of it. */
export function Webhooks() {
  const t = useTranslations()
  const toast = useToast()
  const explain = useExplain()
  const { data, error, mutate } = useResource('/webhooks', webhookList, { everyMs: 5000 })
  const [edited, setEdited] = useState<Webhook | 'new' | null>(null)
  const [secret, setSecret] = useState<string | null>(null)
  const [shown, setShown] = useState<string | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const items = data?.items ?? []
  const looked = items.find(({ id }) => id === shown)
  const create = (
    <Button look="primary" onClick={() => setEdited('new')}>
      <Plus aria-hidden />
      {t('webhooks.new')}
    </Button>
  )
  const turn = async ({ id, name, enabled }: Webhook) => {
    try {
      await call(webhook, `/webhooks/${id}`, { method: 'PATCH', body: { enabled: !enabled } })
      toast.done(t(enabled ? 'webhooks.disabled' : 'webhooks.enabled', { name: oneLine(name) }))
      await mutate()
    } catch (failure) {
      toast.failed(new Error(explain(failure)))
    }
  }
  const rotate = ({ id, name }: Webhook) =>
    setQuestion({
      title: t('webhooks.askSecret', { name: oneLine(name) }),
      text: t('webhooks.askSecretText'),
      action: t('webhooks.newSecret'),
      look: 'primary',
      run: async () => {
        const made = await call(webhookWithSecret, `/webhooks/${id}/secret`, { method: 'POST', body: {} })
        setSecret(made.secret)
        await mutate()
      },
    })
  const remove = ({ id, name }: Webhook) =>
    setQuestion({
      title: t('webhooks.askDelete', { name: oneLine(name) }),
      text: t('webhooks.askDeleteText'),
      action: t('webhooks.delete'),
      run: async () => {
        await order(`/webhooks/${id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  return (
    <>
      <PageHead title={t('pages.webhooks')} action={items.length > 0 && create}>
        {t('webhooks.text')}
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.items.length === 0 && (
          <Empty icon={WebhookIcon} title={t('webhooks.none')} action={create}>
            {t('webhooks.noneText')}
          </Empty>
        )}
        {items.length > 0 && (
          <Table
            label={t('pages.webhooks')}
            head={[t('webhooks.name'), t('webhooks.types'), t('webhooks.state'), `·${t('webhooks.menu')}`]}
          >
            {items.map((one) => (
              <WebhookRow
                key={one.id}
                webhook={one}
                onShow={() => setShown(one.id)}
                onEdit={() => setEdited(one)}
                onTurn={() => void turn(one)}
                onRotate={() => rotate(one)}
                onDelete={() => remove(one)}
              />
            ))}
          </Table>
        )}
      </Panel>
      {looked && <Deliveries key={looked.id} webhook={looked} onChange={() => void mutate()} />}
      <WebhookDialog
        about={edited}
        onClose={() => setEdited(null)}
        onDone={(made) => {
          setEdited(null)
          if (made !== undefined) setSecret(made)
          void mutate()
        }}
      />
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

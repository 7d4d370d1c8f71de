'use client'

import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { LimitsLine } from '../../components/keys/limits-line'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type ApiKey, apiKey } from '../../lib/protocol-keys'
import { useResource } from '../../lib/resource'
import { useMay, useSession } from '../../lib/session'
import { useFormat } from '../../lib/use-format'
import { NewKeyDialog } from './new-key-dialog'

const keyList = z.object({ keys: z.array(apiKey) })

export function Keys() {
  const t = useTranslations()
  const { date, dateTime } = useFormat()
  const { data, error, mutate } = useResource('/keys', keyList)
  const manages = useMay('admin')
  const { tenant } = useSession()
  const [creating, setCreating] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const create = manages && (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t('keys.newKey')}
    </Button>
  )
  const revoke = (key: ApiKey) =>
    setQuestion({
      title: t('keys.revokeTitle', { name: oneLine(key.name) }),
      text: t('keys.revokeText'),
      action: t('keys.revokeKey'),
      run: async () => {
        await order(`/keys/${key.id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  return (
    <>
      <PageHead title={t('pages.keys')} action={data && data.keys.length > 0 && create}>
        {t.rich('keys.audience', {
          tenant: oneLine(tenant.name),
          code: (text) => <code className="font-mono">{text}</code>,
        })}
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.keys.length === 0 && (
          <Empty icon={KeyRound} title={t('keys.none')} action={create}>
            {t('keys.noneText')}
          </Empty>
        )}
        {data && data.keys.length > 0 && (
          <Table
            label={t('pages.keys')}
            head={[
              ...[t('keys.name'), t('keys.prefix'), t('keys.created'), t('keys.createdBy')],
              ...[t('keys.lastUsed'), t('keys.expires'), `·${t('keys.actions')}`],
            ]}
          >
            {data.keys.map((key) => (
              <tr key={key.id} className="[&>td]:whitespace-nowrap">
                <td className="font-medium">
                  {oneLine(key.name)}
                  {key.client !== null && (
                    <span className="block font-normal text-muted text-xs">{t('keys.byOAuth')}</span>
                  )}
                  {key.limits && <LimitsLine limits={key.limits} />}
                </td>
                <td className="font-mono text-xs">{oneLine(key.start)}…</td>
                <td className="text-muted">{date(key.createdAt)}</td>
                <td
                  className="text-muted"
                  title={key.createdBy ? oneLine(key.createdBy.email, 254) : undefined}
                >
                  {key.createdBy ? oneLine(key.createdBy.name) : t('keys.installation')}
                </td>
                <td className="text-muted">{key.lastUsedAt ? dateTime(key.lastUsedAt) : t('keys.never')}</td>
                <td className="text-muted">{key.expiresAt ? date(key.expiresAt) : t('keys.noExpiry')}</td>
                <td className="text-right">
                  {manages && (
                    <Button
                      look="quiet"
                      size="small"
                      onClick={() => revoke(key)}
                      aria-label={t('keys.revokeName', { name: oneLine(key.name) })}
                    >
                      {t('keys.revoke')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
      <NewKeyDialog open={creating} onOpenChange={setCreating} onCreated={() => void mutate()} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

'use client'

import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { order } from '../../lib/api'
import { date, dateTime, oneLine } from '../../lib/format'
import { type ApiKey, apiKey } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useMay, useSession } from '../../lib/session'
import { NewKeyDialog } from './new-key-dialog'

const keyList = z.object({ keys: z.array(apiKey) })

export function Keys() {
  const { data, error, mutate } = useResource('/keys', keyList)
  const manages = useMay('admin')
  const { tenant } = useSession()
  const [creating, setCreating] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const create = manages && (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      New key
    </Button>
  )
  const revoke = (key: ApiKey) =>
    setQuestion({
      title: `Revoke ${oneLine(key.name)}?`,
      text: 'Programs that use this key lose access immediately. This cannot be undone.',
      action: 'Revoke key',
      run: async () => {
        await order(`/keys/${key.id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  return (
    <>
      <PageHead title="API keys" action={data && data.keys.length > 0 && create}>
        For programs that act for {oneLine(tenant.name)}. Send a key as{' '}
        <code className="font-mono">Authorization: Bearer</code>
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.keys.length === 0 && (
          <Empty icon={KeyRound} title="No API keys yet" action={create}>
            Programs use a key to create sandboxes, run commands and open terminals.
          </Empty>
        )}
        {data && data.keys.length > 0 && (
          <Table
            label="API keys"
            head={['Name', 'Prefix', 'Created', 'Created by', 'Last used', 'Expires', '·Actions']}
          >
            {data.keys.map((key) => (
              <tr key={key.id} className="[&>td]:whitespace-nowrap">
                <td className="font-medium">{oneLine(key.name)}</td>
                <td className="font-mono text-xs">{oneLine(key.start)}…</td>
                <td className="text-muted">{date(key.createdAt)}</td>
                <td
                  className="text-muted"
                  title={key.createdBy ? oneLine(key.createdBy.email, 254) : undefined}
                >
                  {key.createdBy ? oneLine(key.createdBy.name) : 'Installation'}
                </td>
                <td className="text-muted">{key.lastUsedAt ? dateTime(key.lastUsedAt) : 'Never'}</td>
                <td className="text-muted">{key.expiresAt ? date(key.expiresAt) : 'No expiry'}</td>
                <td className="text-right">
                  {manages && (
                    <Button
                      look="quiet"
                      size="small"
                      onClick={() => revoke(key)}
                      aria-label={`Revoke ${oneLine(key.name)}`}
                    >
                      Revoke
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

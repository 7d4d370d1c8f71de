'use client'

import Link from 'next/link'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { receivedShare } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { Button } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { Panel } from '../ui/panel'

const received = z.object({ shares: z.array(receivedShare) })

/** Sandboxes of others; nothing at all when there are none. */
export function ReceivedShares() {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const { data, mutate } = useResource('/shares', received, { everyMs: 30_000 })
  const [question, setQuestion] = useState<Question | null>(null)
  if (!data || data.shares.length === 0) return null
  const leave = (sandboxId: string, name: string) =>
    setQuestion({
      title: t('shares.leaveAsk', { name: oneLine(name) }),
      text: t('shares.leaveText'),
      action: t('shares.leave'),
      run: async () => {
        await order('/shares/leave', { method: 'POST', body: { sandboxId } })
        await mutate()
      },
    })
  return (
    <section aria-label={t('shares.received')} className="mt-6 grid gap-2">
      <h2 className="font-semibold">{t('shares.received')}</h2>
      <Panel>
        <ul className="divide-y divide-line">
          {data.shares.map(({ sandboxId, name, level, sharedBy, expiresAt }) => (
            <li key={sandboxId} className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 px-4 py-2.5">
              <Link href={`/sandboxes/${sandboxId}`} className="font-medium hover:underline">
                {oneLine(name)}
              </Link>
              <span className="min-w-0 break-words text-muted text-xs">{oneLine(sharedBy, 254)}</span>
              <span className="text-muted text-xs">
                {t('shares.until', { level: t(`shares.levels.${level}`), at: dateTime(expiresAt) })}
              </span>
              <span className="flex-1" />
              <Button
                size="small"
                aria-label={t('shares.leaveOf', { name: oneLine(name) })}
                onClick={() => leave(sandboxId, name)}
              >
                {t('shares.leave')}
              </Button>
            </li>
          ))}
        </ul>
      </Panel>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </section>
  )
}

'use client'

import { ExternalLink, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import { assignment } from '../../lib/protocol-assignments'
import { useResource } from '../../lib/resource'
import { Button } from '../ui/button'
import { Failed, SkeletonRows } from '../ui/states'
import { Tip } from '../ui/tip'
import { Markdown } from '../viewers/markdown'
import { ExamNotice } from './exam-notice'
import { Explained, Standing } from './standing'
import { Steps } from './steps'

// Loaded when there is something to hand in for: the text can be read before.
const HandInButton = dynamic(() => import('../hand-ins/hand-in-button'), { ssr: false })
const OwnHandIns = dynamic(() => import('../hand-ins/own-hand-ins'), { ssr: false })

/** The text and the steps of the assignment that a sandbox was made for, and what was handed in, beside the work on it. */
export default function AssignmentPane({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTranslations()
  const { data, error, mutate } = useResource(`/assignments/${id}`, assignment, { everyMs: 60_000 })
  return (
    <section
      aria-label={t('work.pane')}
      data-own-keys
      className="flex h-full min-h-0 flex-col bg-surface outline-none"
    >
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-line border-b bg-ground pr-1 pl-3">
        <h2 className="min-w-0 flex-1 truncate font-semibold text-xs">
          {data ? oneLine(data.title, 120) : t('work.pane')}
        </h2>
        <Tip text={t('work.openPage')}>
          <Button asChild look="quiet" size="iconSmall">
            <Link href={`/assignments/${id}`} aria-label={t('work.openPage')}>
              <ExternalLink />
            </Link>
          </Button>
        </Tip>
        <Tip text={t('work.hidePane')}>
          <Button look="quiet" size="iconSmall" aria-label={t('work.hidePane')} onClick={onClose}>
            <X />
          </Button>
        </Tip>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard */}
      <div tabIndex={0} className="grid min-h-0 flex-1 content-start gap-4 overflow-y-auto p-4">
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
        {data && (
          <>
            {data.setup === null && (
              <>
                <Standing of={data} />
                {data.exam === null || data.state === 'scheduled' ? (
                  <Explained of={data} />
                ) : (
                  <ExamNotice of={data} onEnd={() => void mutate()} />
                )}
              </>
            )}
            <Markdown text={data.text ?? ''} />
            {data.steps.length > 0 && (
              <div className="grid gap-2 border-line border-t pt-4">
                <h3 className="font-semibold">{t('work.steps')}</h3>
                <Steps
                  of={data}
                  onChecked={(work) => void mutate({ ...data, work }, { revalidate: false })}
                />
              </div>
            )}
            {data.setup === null && data.text !== null && (
              <div className="grid gap-3 border-line border-t pt-4">
                <div className="flex flex-wrap items-center justify-between gap-2">
                  <h3 className="font-semibold">{t('handIns.title')}</h3>
                  <HandInButton of={data} look="primary" />
                </div>
                <OwnHandIns of={data} />
              </div>
            )}
          </>
        )}
      </div>
    </section>
  )
}

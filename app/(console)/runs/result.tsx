'use client'

import { Square } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { useFormat } from '../../lib/use-format'
import { Artifacts } from './artifacts'
import { CaseTable } from './case-table'
import type { RunRequest } from './draft'
import { Figures, runFigures, stepFigures } from './figures'
import { JudgeView } from './judge-view'
import { Streams } from './output-view'
import type { Shown, StepView } from './shown'
import { RunBadge } from './status'

/** How a run goes, or went: its status and figures, each step with what it printed, and its cases. */
export function Result({
  id,
  title,
  note = null,
  shown,
  broken,
  request,
  action,
}: {
  id: string
  title?: string
  /** Why it may not be what is expected now. */
  note?: string | null
  shown: Shown
  broken: boolean
  request: RunRequest | undefined
  action?: ReactNode
}) {
  const t = useTranslations()
  const format = useFormat()
  const { state, run, steps, cases } = shown
  const ended = run !== null
  return (
    <Panel
      title={title ?? t('runs.result')}
      className="mt-5"
      action={
        <div className="flex items-center gap-3">
          <RunBadge state={state} status={run?.status ?? null} live />
          {ended ? action : <CancelButton id={id} />}
        </div>
      }
    >
      <div className="grid gap-4 p-4">
        {broken && <Notice tone="warn">{t('runs.lost')}</Notice>}
        {note && <Notice tone="info">{note}</Notice>}
        {run?.message && <Notice tone="warn">{oneLine(run.message, 1000)}</Notice>}
        {run && <Figures figures={runFigures(run, t, format)} />}
        {!ended && steps.length === 0 && cases.length === 0 && (
          <p className="text-muted">{t(state === 'queued' ? 'runs.waiting' : 'runs.starting')}</p>
        )}
        {steps.map((step, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two steps may have one name, and they never move
          <Step key={at} step={step} alone={steps.length === 1 && cases.length === 0} state={state} />
        ))}
        {run && <Artifacts artifacts={run.artifacts} />}
      </div>
      {cases.length > 0 && <CaseTable cases={cases} asked={request?.cases ?? []} state={state} />}
    </Panel>
  )
}

function Step({ step, alone, state }: { step: StepView; alone: boolean; state: Shown['state'] }) {
  const t = useTranslations()
  const { name, result, stdout, stderr } = step
  return (
    <section aria-label={t('runs.step', { name: oneLine(name) })} className="grid min-w-0 gap-2">
      {!alone && (
        <div className="flex items-center justify-between gap-3">
          <h3 className="font-medium">{oneLine(name)}</h3>
          <RunBadge state={state === 'canceled' ? state : 'running'} status={result?.status ?? null} />
        </div>
      )}
      {result && <Figures figures={stepFigures(result, t)} />}
      {result?.message && <p className="text-muted text-xs">{oneLine(result.message, 1000)}</p>}
      {result && <JudgeView result={result} />}
      <Streams stdout={stdout} stderr={stderr} ended={result !== null} />
    </section>
  )
}

function CancelButton({ id }: { id: string }) {
  const t = useTranslations()
  const [busy, setBusy] = useState(false)
  const toast = useToast()
  const cancel = async () => {
    setBusy(true)
    try {
      await order(`/runs/${encodeURIComponent(id)}`, { method: 'DELETE' })
    } catch (error) {
      toast.failed(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button look="danger" size="small" busy={busy} onClick={cancel}>
      {!busy && <Square aria-hidden />}
      {t('runs.cancelRun')}
    </Button>
  )
}

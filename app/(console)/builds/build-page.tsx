'use client'

import { Box, Download, Square } from 'lucide-react'
import Link from 'next/link'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Build, build } from '../../lib/protocol-builds'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { useFormat } from '../../lib/use-format'
import { type Shown, type StepView, wholeLog } from './shown'
import { BuildBadge, type StepState } from './state'
import { StepRow } from './step-row'
import { useTook } from './took'
import { useBuild } from './use-build'

const LogView = lazy(() => import('./log-view').then((loaded) => ({ default: loaded.LogView })))

/** One build: its steps as they are performed, what they print, and what came of it. */
export function BuildPage({ template, id }: { template: string; id: string }) {
  const t = useTranslations()
  const path = `/templates/${template}/builds/${id}`
  const { data, error, mutate } = useResource(path, build, { everyMs: 5000 })
  const { shown, broken, error: lost } = useBuild(path)
  const explain = useExplain()
  const { end } = shown
  // What it came to is in the log before anybody asks again.
  useEffect(() => {
    if (end !== null) void mutate()
  }, [end, mutate])
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={5} />}</Panel>
    )
  }
  const status = end?.status ?? data.status
  return (
    <>
      <PageHead
        title={t('builds.of', { template })}
        action={<Actions path={path} build={{ ...data, status }} shown={shown} onChange={mutate} />}
      >
        <BuildBadge state={status} live className="mr-2" />
        <Facts build={data} shown={shown} />
      </PageHead>
      <div className="mb-4 grid gap-2 empty:hidden">
        {status === 'failed' && (
          <Notice tone="bad">{oneLine(end?.error ?? data.error ?? t('common.wrong'), 2000)}</Notice>
        )}
        {status === 'succeeded' && (
          <Notice
            tone="info"
            action={
              <Link href="/templates" className="rounded text-accent underline underline-offset-2">
                {t('pages.templates')}
              </Link>
            }
          >
            {t('builds.succeeded', { template })}
          </Notice>
        )}
        {broken && <Notice tone="warn">{t('builds.broken')}</Notice>}
        {lost && <Notice tone="bad">{explain(lost)}</Notice>}
      </div>
      <Steps shown={shown} status={status} />
      <p className="mt-5">
        <Link href="/builds" className="rounded text-accent underline underline-offset-2">
          {t('builds.all')}
        </Link>
      </p>
    </>
  )
}

function Facts({
  build: { createdAt, endedAt, createdBy, target, id },
  shown,
}: {
  build: Build
  shown: Shown
}) {
  const t = useTranslations()
  const took = useTook()
  const { dateTime } = useFormat()
  const done = shown.steps.filter(({ state }) => state === 'done' || state === 'cached').length
  return (
    <>
      <span className="text-xs">
        {shown.total > 0 && `${t('builds.progress', { done: String(done), total: String(shown.total) })} · `}
        {target !== null && `${t('builds.stageOf', { stage: oneLine(target, 64) })} · `}
        {dateTime(createdAt)}
        {createdBy !== null && ` · ${oneLine(createdBy, 254)}`}
        {' · '}
        {endedAt === null ? <Age since={createdAt} /> : took(Date.parse(endedAt) - Date.parse(createdAt))}
      </span>
      <span className="block break-all font-mono text-xs">{id}</span>
    </>
  )
}

function Actions({
  path,
  build: { template, status, id },
  shown,
  onChange,
}: {
  path: string
  build: Build
  shown: Shown
  onChange: () => void
}) {
  const t = useTranslations()
  const toast = useToast()
  const [canceling, setCanceling] = useState(false)
  const cancel = async () => {
    setCanceling(true)
    try {
      await call(build, path, { method: 'DELETE' })
      onChange()
    } catch (error) {
      toast.failed(error)
      setCanceling(false)
    }
  }
  const download = () => {
    const url = URL.createObjectURL(new Blob([wholeLog(shown)], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${template}-${id}.log`
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <div className="flex flex-wrap gap-2">
      {status === 'running' && (
        <Button busy={canceling} onClick={() => void cancel()}>
          {!canceling && <Square aria-hidden />}
          {t('builds.cancel')}
        </Button>
      )}
      <Button onClick={download} disabled={shown.steps.length === 0}>
        <Download aria-hidden />
        {t('builds.download')}
      </Button>
      {status === 'succeeded' && (
        <Button look="primary" asChild>
          <Link href={`/new?template=${template}`}>
            <Box aria-hidden />
            {t('builds.createSandbox')}
          </Link>
        </Button>
      )}
    </div>
  )
}

/** The one that is under way is open, and the one that failed; others when somebody opens them. */
function Steps({ shown, status }: { shown: Shown; status: Build['status'] }) {
  const t = useTranslations()
  const [turned, setTurned] = useState<ReadonlyMap<number, boolean>>(new Map())
  const last = shown.steps.at(-1)
  const showStage = shown.steps.some(({ stage }) => stage !== last?.stage)
  return (
    <Panel title={t('builds.steps')}>
      {shown.steps.length === 0 && shown.text === '' && (
        <p className="px-4 py-6 text-muted">{t(status === 'running' ? 'builds.noSteps' : 'builds.noLog')}</p>
      )}
      {shown.text !== '' && (
        <Suspense>
          <LogView label={t('builds.notes')} text={shown.text} />
        </Suspense>
      )}
      <ol className="divide-y divide-line">
        {shown.steps.map((step) => {
          const state = stateOf(step, status)
          const isCurrent =
            state === 'running' || state === 'failed' || (state === 'canceled' && step === last)
          const open = turned.get(step.step) ?? isCurrent
          return (
            <StepRow
              key={step.step}
              step={step}
              state={state}
              showStage={showStage}
              open={open}
              onTurn={() => setTurned(new Map(turned).set(step.step, !open))}
            />
          )
        })}
      </ol>
    </Panel>
  )
}

function stateOf({ state }: StepView, status: Build['status']): StepState {
  if (state === 'cached' || state === 'failed') return state
  if (state === 'done') return 'succeeded'
  // It was under way when the build ended.
  return status === 'running' ? 'running' : status === 'failed' ? 'failed' : 'canceled'
}

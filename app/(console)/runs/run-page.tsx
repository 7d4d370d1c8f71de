'use client'

import { Pencil, RotateCw } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type CreateRun, run, runWithRequest } from '../../lib/protocol-runs'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { useFormat } from '../../lib/use-format'
import { CommandPanel } from './command-panel'
import { again } from './draft'
import { RequestPanel } from './request-panel'
import { Result } from './result'
import { shownOf } from './shown'
import { useFollow } from './use-follow'

/** One run, for everybody of its tenant: what came of it, and what was asked. */
export function RunPage({ id }: { id: string }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const explain = useExplain()
  const { data, error, mutate } = useResource(`/runs/${id}?request=true`, runWithRequest)
  const ended = data !== undefined && data.finishedAt !== null
  const { shown, broken, error: lost } = useFollow(data && !ended ? id : null)
  const name = oneLine(data?.metadata.name ?? '', 128)
  const [link, setLink] = useState('')
  useEffect(() => {
    if (name) document.title = `${name} · Cloche`
  }, [name])
  useEffect(() => setLink(window.location.href), [])
  return (
    <>
      <PageHead
        title={name || t('pages.run')}
        action={data && <Actions id={id} request={data.request} link={link} />}
      >
        <span className="font-mono text-xs">{id}</span>
        {data && `, ${dateTime(data.createdAt)}`}
        {data?.expiresAt && t('runs.storedUntil', { at: dateTime(data.expiresAt) })}
      </PageHead>
      {!data && (
        <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={5} />}</Panel>
      )}
      {lost && <Notice tone="bad">{explain(lost)}</Notice>}
      {data && (
        <Result id={id} shown={ended ? shownOf(data) : shown} broken={broken} request={data.request} />
      )}
      {data?.request && <RequestPanel request={data.request} />}
      {data?.request && <CommandPanel request={again(data.request)} />}
      <p className="mt-5">
        <Link href="/runs" className="rounded text-accent underline underline-offset-2">
          {t('runs.allRuns')}
        </Link>
      </p>
    </>
  )
}

function Actions({ id, request, link }: { id: string; request: CreateRun | undefined; link: string }) {
  const t = useTranslations()
  const [busy, setBusy] = useState(false)
  const router = useRouter()
  const toast = useToast()
  const repeat = async (wanted: CreateRun) => {
    setBusy(true)
    try {
      const next = await call(run, '/runs', { method: 'POST', body: again(wanted) })
      router.push(`/runs/${next.id}`)
    } catch (error) {
      toast.failed(error)
      setBusy(false)
    }
  }
  return (
    <div className="flex flex-wrap gap-2">
      <CopyButton text={link} what={t('runs.link')} name={t('runs.copyLink')} />
      {request?.language !== undefined && (
        <Button asChild>
          <Link href={`/runs?from=${id}`}>
            <Pencil aria-hidden />
            {t('runs.edit')}
          </Link>
        </Button>
      )}
      {request && (
        <Button look="primary" busy={busy} onClick={() => repeat(request)}>
          {!busy && <RotateCw aria-hidden />}
          {t('runs.runAgain')}
        </Button>
      )}
    </div>
  )
}

'use client'

import { SearchX, Trash2, UserX } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Incidents } from '../../../components/sandbox/incidents'
import { SleepWarning } from '../../../components/sandbox/sleep-warning'
import { OthersContext, TogetherContext } from '../../../components/together/people'
import { Button } from '../../../components/ui/button'
import { FocusHome, FocusHomeContext } from '../../../components/ui/focus-home'
import { Notice } from '../../../components/ui/notice'
import { Empty, Failed, Skeleton } from '../../../components/ui/states'
import type { Devcontainer } from '../../../devcontainer/parse'
import { ApiError } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { type Sandbox, sandboxWithUsage } from '../../../lib/protocol'
import { useResource } from '../../../lib/resource'
import { useSession } from '../../../lib/session'
import { useExplain } from '../../../lib/use-explain'
import { Commands, CommandsContext } from '../../../palette/commands'
import { Store } from '../../../terminal/store'
import { StrayKeys } from '../../../terminal/stray-keys'
import { PreviewStore } from '../../../workspace/preview'
import { Programs } from '../../../workspace/programs'
import { LayoutStore } from '../../../workspace/shown-panes'
import { LessonBanner } from './lazy-panes'
import { useTogether } from './use-together'
import { WorkspaceBar } from './workspace-bar'
import { WorkspacePanes } from './workspace-panes'

/** How often state and meters are read. */
const everyMs = 2000

export function WorkspacePage({ id }: { id: string }) {
  const t = useTranslations()
  const explain = useExplain()
  const isStudent = useSession().tenant.role === 'student'
  const { data, error, mutate } = useResource(`/sandboxes/${id}`, sandboxWithUsage, { everyMs, always: true })
  const gone = (error instanceof ApiError && error.status === 404) || data?.state === 'deleted'
  const seen = useRef<Sandbox['access'] | null>(null)
  const [rang, setRang] = useState(false)
  const [home] = useState(() => new FocusHome())
  const [strayKeys] = useState(() => new StrayKeys())
  const [layout] = useState(() => new LayoutStore())
  const preview = useMemo(() => new PreviewStore(id), [id])
  const programs = useMemo(() => new Programs(id), [id])
  const [container] = useState(() => new Store<Devcontainer | null>(null))
  const [commands] = useState(() => new Commands())
  const { together, others } = useTogether(id)
  useEffect(() => strayKeys.listen(), [strayKeys])
  if (data && !gone) seen.current = data.access
  useEffect(() => {
    if (data) document.title = `${rang ? '🔔 ' : ''}${oneLine(data.name)} · Cloche`
  }, [data, rang])

  if (gone) return <Gone seen={seen.current} />
  if (!data) {
    return (
      <main className="flex h-dvh flex-col">
        {error ? <Failed error={error} retry={() => mutate()} /> : <Loading />}
      </main>
    )
  }
  return (
    <FocusHomeContext value={home}>
      <CommandsContext value={commands}>
        <TogetherContext value={together}>
          <OthersContext value={others}>
            <main className="flex h-dvh flex-col overflow-hidden">
              <h1 className="sr-only">{t('workspace.heading', { name: oneLine(data.name) })}</h1>
              <WorkspaceBar
                sandbox={data}
                layout={layout}
                preview={preview}
                programs={programs}
                container={container}
              />
              <SleepWarning sandbox={data} refresh={mutate} />
              {isStudent && <LessonBanner />}
              <Incidents sandbox={data} incidents={data.incidents} />
              {/* A broken line is the line banner's to tell. */}
              {error instanceof ApiError && (
                <div className="border-line border-b p-1">
                  <Notice tone="warn">{explain(error)}</Notice>
                </div>
              )}
              <WorkspacePanes
                key={`${id} ${data.access}`}
                sandbox={data}
                layout={layout}
                preview={preview}
                programs={programs}
                container={container}
                together={together}
                refresh={() => void mutate()}
                strayKeys={strayKeys}
                onRang={setRang}
              />
            </main>
          </OthersContext>
        </TogetherContext>
      </CommandsContext>
    </FocusHomeContext>
  )
}

/** @param seen what somebody could do in it until now; null when it was not there from the beginning */
function Gone({ seen }: { seen: Sandbox['access'] | null }) {
  const t = useTranslations()
  const [icon, title, text] =
    seen === null
      ? ([SearchX, 'workspace.notFound', 'workspace.notFoundText'] as const)
      : seen === 'full'
        ? ([Trash2, 'workspace.deleted', 'workspace.deletedText'] as const)
        : ([UserX, 'shares.over', 'shares.overText'] as const)
  return (
    <main className="grid min-h-dvh place-content-center">
      <Empty
        icon={icon}
        title={t(title)}
        action={
          <Button asChild look="primary">
            <Link href="/sandboxes">{t('workspace.goToSandboxes')}</Link>
          </Button>
        }
      >
        {t(text)}
      </Empty>
    </main>
  )
}

function Loading() {
  const t = useTranslations()
  return (
    <div role="status" className="contents">
      <span className="sr-only">{t('common.loading')}</span>
      <div className="flex h-12 items-center gap-4 border-line border-b px-4">
        <Skeleton className="h-5 w-40" />
        <Skeleton className="ml-auto h-5 w-64" />
      </div>
      <div className="flex-1 bg-surface" />
    </div>
  )
}

'use client'

import { Box, Plus, Search } from 'lucide-react'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { type Step, useSandboxActions } from '../../components/sandbox/actions'
import { ChangeDialog } from '../../components/sandbox/change-dialog'
import { CreateDialog } from '../../components/sandbox/create-dialog'
import { deleteQuestion, publishQuestion, stepQuestion } from '../../components/sandbox/questions'
import { Row, RowHead } from '../../components/sandbox/row'
import { ReceivedShares } from '../../components/shares/received'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { SearchField } from '../../components/ui/search-field'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { Unreachable } from '../../lib/api'
import type { Sandbox } from '../../lib/protocol'
import { useSandboxes } from '../../lib/sandboxes'
import { useExplain } from '../../lib/use-explain'
import { useDashboardKeys } from './use-keys'

const VolumesDialog = lazy(() =>
  import('../../components/sandbox/volumes-dialog').then((loaded) => ({ default: loaded.VolumesDialog })),
)

/** @param create the form of a new sandbox is open, and filled in */
export function Dashboard({ create }: { create?: { repository: string; template: string } } = {}) {
  const t = useTranslations()
  const explain = useExplain()
  const { sandboxes, error, retry, loadMore } = useSandboxes()
  const actions = useSandboxActions()
  const [filter, setFilter] = useState('')
  const [creating, setCreating] = useState(create !== undefined)
  const [changing, setChanging] = useState<Sandbox | null>(null)
  /** Whose volumes are chosen; it may be stopped meanwhile. */
  const [mounting, setMounting] = useState<string | null>(null)
  const mounted = sandboxes?.find(({ id }) => id === mounting)
  const [question, setQuestion] = useState<Question | null>(null)
  const keys = useDashboardKeys(useCallback(() => setCreating(true), []))
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase()
    return (sandboxes ?? none).filter(({ name, id, template, state }) =>
      `${name} ${id} ${template} ${state} ${t(`sandbox.state.${state}`)}`.toLowerCase().includes(wanted),
    )
  }, [sandboxes, filter, t])
  const take = (sandbox: Sandbox, step: Step) => {
    const asked = stepQuestion(sandbox, step, () => actions.perform(sandbox, step), t)
    if (asked) setQuestion(asked)
    else void actions.take(sandbox, step)
  }
  const running = sandboxes?.filter(({ state }) => state === 'running').length ?? 0

  return (
    <>
      <PageHead
        title={t('pages.sandboxes')}
        action={
          // Where there is none yet, the list's own place has it.
          sandboxes?.length !== 0 && (
            <Button look="primary" onClick={() => setCreating(true)} aria-keyshortcuts="c">
              <Plus aria-hidden />
              {t('sandbox.new')}
            </Button>
          )
        }
      >
        {sandboxes && sandboxes.length > 0
          ? t('sandbox.running', {
              sandboxes: t('units.sandboxes', { count: sandboxes.length }),
              running: String(running),
            })
          : t('sandbox.subtitle')}
      </PageHead>
      {/* That there is no answer at all is the banner's to tell. */}
      {error && sandboxes && !(error instanceof Unreachable) && (
        <div className="mb-3">
          <Notice tone="warn">{explain(error)}</Notice>
        </div>
      )}
      <Panel>
        {sandboxes && sandboxes.length > 3 && (
          <div className="border-line border-b p-2">
            <SearchField
              label={t('sandbox.filter')}
              placeholder={t('sandbox.filter')}
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
              ref={keys.filter}
              aria-keyshortcuts="/"
            />
          </div>
        )}
        {!sandboxes && error && <Failed error={error} retry={retry} />}
        {!sandboxes && !error && <SkeletonRows rows={5} />}
        {sandboxes?.length === 0 && (
          <Empty
            icon={Box}
            title={t('sandbox.empty')}
            action={
              <Button look="primary" onClick={() => setCreating(true)} aria-keyshortcuts="c">
                <Plus aria-hidden />
                {t('sandbox.new')}
              </Button>
            }
          >
            {t('sandbox.emptyText')}
          </Empty>
        )}
        {sandboxes && sandboxes.length > 0 && shown.length === 0 && (
          <Empty
            icon={Search}
            title={t('sandbox.noMatch')}
            action={<Button onClick={() => setFilter('')}>{t('sandbox.clearFilter')}</Button>}
          />
        )}
        {shown.length > 0 && (
          <>
            <RowHead />
            <ul ref={keys.list} aria-label={t('pages.sandboxes')} className="divide-y divide-line">
              {shown.map((sandbox) => (
                <Row
                  key={sandbox.id}
                  sandbox={sandbox}
                  onStep={(step) => take(sandbox, step)}
                  onChange={() => setChanging(sandbox)}
                  onVolumes={() => setMounting(sandbox.id)}
                  onPublish={() => setQuestion(publishQuestion(sandbox, () => actions.publish(sandbox), t))}
                  onDelete={() => setQuestion(deleteQuestion(sandbox, () => actions.remove(sandbox), t))}
                />
              ))}
            </ul>
          </>
        )}
        {loadMore && (
          <div className="border-line border-t p-2 text-center">
            <Button look="quiet" onClick={loadMore}>
              {t('sandbox.showMore')}
            </Button>
          </div>
        )}
      </Panel>
      <ReceivedShares />
      <CreateDialog open={creating} onOpenChange={setCreating} {...create} />
      <ChangeDialog sandbox={changing} onClose={() => setChanging(null)} />
      {mounted && (
        <Suspense>
          <VolumesDialog sandbox={mounted} onClose={() => setMounting(null)} />
        </Suspense>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

const none: readonly [] = []

'use client'

import { FolderGit2, GitBranch, RefreshCw, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { nameOf } from '../../files/paths'
import type { Credentials, Repository } from '../../git/repository'
import type { SourceControl } from '../../git/source-control'
import type { Change, Status } from '../../git/status'
import { oneLine } from '../../lib/format'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { SelectField } from '../ui/field'
import { Empty, Failed, SkeletonRows } from '../ui/states'
import { Tip } from '../ui/tip'
import { useToast } from '../ui/toast'
import { BranchBar } from './branch-bar'
import { ChangeList } from './change-list'
import { CloneDialog } from './clone-dialog'
import { CommitForm } from './commit-form'
import { CredentialsDialog, type CredentialsRequest } from './credentials-dialog'

/** How often it looks, while it is looked at. */
const refreshMs = 5000

/** What git says of the sandbox's repositories, and what can be done about it. */
export default function SourceControlPane({
  model,
  running,
  onClose,
  onChanged,
}: {
  model: SourceControl
  running: boolean
  onClose: () => void
  /** Files may have changed on the disk. */
  onChanged: () => void
}) {
  const t = useTranslations()
  const toast = useToast()
  const seen = useStore(model.seen)
  const compared = useStore(model.compared)
  const [question, setQuestion] = useState<Question | null>(null)
  const [request, setRequest] = useState<CredentialsRequest | null>(null)
  const [cloning, setCloning] = useState(false)
  const pane = useRef<HTMLElement>(null)
  const { roots, repository, status, error, busy } = seen

  useEffect(() => {
    if (!running) return
    const look = () => document.visibilityState === 'visible' && void model.refresh()
    look()
    const timer = setInterval(look, refreshMs)
    return () => clearInterval(timer)
  }, [model, running])
  useEffect(() => pane.current?.focus({ preventScroll: true }), [])

  const ask = (again: boolean) =>
    new Promise<Credentials | null>((resolve) =>
      setRequest({
        again,
        answer: (credentials) => {
          setRequest(null)
          resolve(credentials)
        },
      }),
    )
  /** @returns whether it was done */
  const tried = async (what: Promise<unknown>, done?: string) => {
    try {
      const outcome = await what
      if (done !== undefined && outcome !== false) toast.done(done)
      return outcome !== false
    } catch (failure) {
      toast.failed(failure)
      return false
    } finally {
      onChanged()
    }
  }
  const act = (what: (one: Repository, of: Status) => Promise<unknown>) => tried(model.act(what))
  const paths = (changes: readonly Change[]) =>
    changes.flatMap(({ path, from }) => (from === null ? path : [path, from]))
  const stage = (changes: readonly Change[]) => void act((one) => one.stage(paths(changes)))
  const discard = (changes: readonly Change[]) =>
    setQuestion({
      title: t('git.discardTitle', { count: changes.length, name: oneLine(changes[0]?.path ?? '') }),
      text: t('git.discardText'),
      action: t('git.discardAction'),
      run: async () => {
        await model.act((one) => one.discard(changes))
        onChanged()
      },
    })
  const show = (staged: boolean) => (change: Change) => {
    if (repository) model.compared.set({ repository, change, staged })
  }
  const shown = (staged: boolean) => (compared?.staged === staged ? compared.change : null)

  return (
    <section
      ref={pane}
      tabIndex={-1}
      aria-label={t('git.title')}
      data-own-keys
      className="flex h-full min-h-0 flex-col bg-ground outline-none"
    >
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-line border-b pr-1 pl-3">
        <h2 className="flex-1 truncate font-semibold text-xs">{t('git.title')}</h2>
        {running && (
          <>
            <Tip text={t('git.clone')}>
              <Button
                look="quiet"
                size="iconSmall"
                aria-label={t('git.clone')}
                onClick={() => setCloning(true)}
              >
                <FolderGit2 />
              </Button>
            </Tip>
            <Tip text={t('git.refresh')}>
              <Button
                look="quiet"
                size="iconSmall"
                aria-label={t('git.refresh')}
                onClick={() => void model.refresh()}
              >
                <RefreshCw />
              </Button>
            </Tip>
          </>
        )}
        <Tip text={t('git.hide')} keys="Ctrl+Shift+G">
          <Button look="quiet" size="iconSmall" aria-label={t('git.hide')} onClick={onClose}>
            <X />
          </Button>
        </Tip>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {!running && <p className="p-4 text-muted">{t('git.notRunning')}</p>}
        {running && error !== undefined && (
          <Failed error={error} retry={() => model.refresh().then(() => undefined)} />
        )}
        {running && error === undefined && roots === null && <SkeletonRows rows={3} />}
        {running && roots?.length === 0 && (
          <Empty
            icon={GitBranch}
            title={t('git.none')}
            action={
              <div className="flex flex-wrap justify-center gap-2">
                <Button look="primary" busy={busy} onClick={() => setCloning(true)}>
                  {t('git.clone')}
                </Button>
                <Button busy={busy} onClick={() => void tried(model.init())}>
                  {t('git.init')}
                </Button>
              </div>
            }
          >
            {t('git.noneText')}
          </Empty>
        )}
        {running && repository && status && (
          <>
            {roots && roots.length > 1 && (
              <div className="px-3 pt-2">
                <SelectField
                  bare
                  label={t('git.repository')}
                  value={repository.root}
                  onChange={({ target }) => void model.choose(target.value)}
                >
                  {roots.map((root) => (
                    <option key={root} value={root}>
                      {oneLine(nameOf(root))}
                    </option>
                  ))}
                </SelectField>
              </div>
            )}
            <BranchBar
              seen={seen}
              onSwitch={(branch, create) => void act((one) => one.switchTo(branch, create))}
              onPull={() =>
                void tried(
                  model.remote((one, _, credentials) => one.pull(credentials), ask),
                  t('git.pulled'),
                )
              }
              onPush={() =>
                void tried(
                  model.remote((one, of, credentials) => one.push(of, credentials), ask),
                  t('git.pushed'),
                )
              }
            />
            <CommitForm
              staged={status.staged.length > 0}
              disabled={
                busy || status.conflicts.length > 0 || status.staged.length + status.unstaged.length === 0
              }
              onCommit={(message) =>
                act(async (one, of) => {
                  if (of.staged.length === 0) await one.stage(paths(of.unstaged))
                  await one.commit(message)
                })
              }
            />
            <ChangeList
              title={t('git.conflicts')}
              changes={status.conflicts}
              shown={shown(false)}
              busy={busy}
              onShow={show(false)}
              onStage={stage}
            />
            <ChangeList
              title={t('git.staged')}
              changes={status.staged}
              shown={shown(true)}
              busy={busy}
              onShow={show(true)}
              onUnstage={(changes) => void act((one) => one.unstage(paths(changes)))}
            />
            <ChangeList
              title={t('git.changes')}
              changes={status.unstaged}
              shown={shown(false)}
              busy={busy}
              onShow={show(false)}
              onStage={stage}
              onDiscard={discard}
            />
            {status.staged.length + status.unstaged.length + status.conflicts.length === 0 && (
              <p className="px-3 py-2 text-muted text-xs">{t('git.nothingChanged')}</p>
            )}
          </>
        )}
      </div>
      <Confirm question={question} onClose={() => setQuestion(null)} />
      <CredentialsDialog request={request} />
      <CloneDialog
        open={cloning}
        onClose={() => setCloning(false)}
        clone={async (url) => {
          const done = await model.clone(url, ask)
          onChanged()
          return done
        }}
      />
    </section>
  )
}

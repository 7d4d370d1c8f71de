'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { type Devcontainer, parseDevcontainer } from '../../devcontainer/parse'
import { readDevcontainer, setupScript, writeVariables } from '../../devcontainer/setup'
import type { Credentials } from '../../git/repository'
import type { SourceControl } from '../../git/source-control'
import type { Run } from '../../inside/run'
import { oneLine } from '../../lib/format'
import { TextError } from '../../lib/text-error'
import { useExplain } from '../../lib/use-explain'
import { useCommands } from '../../palette/commands'
import type { Store } from '../../terminal/store'
import { useStore } from '../../terminal/use-store'
import { beginningOf, begun } from '../../workspace/beginning'
import type { Programs } from '../../workspace/programs'
import { CredentialsDialog, type CredentialsRequest } from '../git/credentials-dialog'
import { Button } from '../ui/button'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'
import { ContainerDialog } from './container-dialog'

/** Clones what a new sandbox is to begin with, and does what the `devcontainer.json` of the repository asks for. */
export default function StartPane({
  sandboxId,
  run,
  git,
  programs,
  container,
  onChanged,
  onOpen,
}: {
  sandboxId: string
  run: Run
  git: SourceControl
  programs: Programs
  /** What the repository that is shown asks for. */
  container: Store<Devcontainer | null>
  onChanged: () => void
  onOpen: (path: string) => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const toast = useToast()
  const shown = useStore(container)
  const root = useStore(git.seen).repository?.root ?? null
  const [beginning, setBeginning] = useState(() => beginningOf(sandboxId))
  const [error, setError] = useState<unknown>(null)
  const [unreadable, setUnreadable] = useState<unknown>(null)
  const [request, setRequest] = useState<CredentialsRequest | null>(null)
  const [dialog, setDialog] = useState(false)
  const began = useRef(false)

  const look = useCallback(
    async (at: string): Promise<Devcontainer | null> => {
      setUnreadable(null)
      container.set(null)
      try {
        const text = await readDevcontainer(run, at)
        container.set(text === null ? null : parseDevcontainer(text))
      } catch (failure) {
        setUnreadable(failure)
      }
      return container.get()
    },
    [run, container],
  )
  useEffect(() => {
    if (root !== null) void look(root)
  }, [root, look])

  const setUp = async (at: string, wanted: Devcontainer) => {
    try {
      await writeVariables(run, at, wanted)
      const script = setupScript(wanted, t('devcontainer.failed'))
      const name = t('devcontainer.tab')
      if (script !== '') await programs.start({ name, script, cwd: at, title: 'devcontainer.json' })
      for (const file of wanted.openFiles) if (!file.startsWith('/')) onOpen(`${at}/${file}`)
    } catch (failure) {
      toast.failed(failure)
    }
  }
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
  const forget = () => {
    begun(sandboxId)
    setBeginning(null)
    setError(null)
  }
  const begin = async () => {
    if (beginning === null) return
    setError(null)
    try {
      const done = await git.clone(beginning.url, ask, beginning.credentials)
      onChanged()
      if (!done) throw new TextError('start.notSignedIn')
      forget()
      const at = git.seen.get().repository?.root
      if (at === undefined) return
      const wanted = await look(at)
      if (wanted !== null) await setUp(at, wanted)
      setDialog(wanted !== null)
    } catch (failure) {
      setError(failure)
    }
  }
  useEffect(() => {
    if (began.current) return
    began.current = true
    void begin()
  })
  useCommands(
    shown !== null || unreadable !== null
      ? [{ name: t('devcontainer.title'), run: () => setDialog(true) }]
      : [],
  )
  return (
    <>
      {beginning !== null && (
        <div className="shrink-0 border-line border-b p-1" role="status">
          {error === null ? (
            <p className="px-2 py-1 text-muted">{t('start.cloning', { url: oneLine(beginning.url, 200) })}</p>
          ) : (
            <Notice
              tone="bad"
              action={
                <span className="flex gap-2">
                  <Button size="small" onClick={() => void begin()}>
                    {t('common.tryAgain')}
                  </Button>
                  <Button size="small" look="quiet" onClick={forget}>
                    {t('workspace.dismissIncidents')}
                  </Button>
                </span>
              }
            >
              {explain(error)}
            </Notice>
          )}
        </div>
      )}
      {unreadable !== null && beginning === null && !dialog && (
        <div className="shrink-0 border-line border-b p-1">
          <Notice tone="warn">{explain(unreadable)}</Notice>
        </div>
      )}
      <CredentialsDialog request={request} />
      {dialog && (
        <ContainerDialog
          container={shown}
          error={unreadable}
          onClose={() => setDialog(false)}
          onSetUp={() => {
            setDialog(false)
            if (root !== null && shown !== null) void setUp(root, shown)
          }}
        />
      )}
    </>
  )
}

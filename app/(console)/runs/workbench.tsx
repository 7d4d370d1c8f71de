'use client'

import { Play } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { AreaField, Field, SelectField } from '../../components/ui/field'
import { Keys } from '../../components/ui/keys'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { ApiError, call } from '../../lib/api'
import type { Language } from '../../lib/protocol'
import { run } from '../../lib/protocol-runs'
import { useExplain } from '../../lib/use-explain'
import { CasesEditor } from './cases-editor'
import { CodeEditor } from './code-editor'
import { CommandPanel } from './command-panel'
import { type Draft, nameOf, programOf, type RunRequest, requestOf, withName, withProgram } from './draft'
import { languageLabel, languageTitle } from './language'
import { LinkActions } from './link-actions'
import { Result } from './result'
import { storeDraft } from './stored-draft'
import { useFollow } from './use-follow'

interface Started {
  readonly language: string
  readonly id: string
  readonly request: RunRequest
}

/** Where a program is written and run: language, text, input or cases, and what comes of it. */
export function Workbench({
  languages,
  initial,
  draftKey,
  onNews,
}: {
  languages: readonly Language[]
  initial: Draft
  /** By which the draft is kept in this browser. */
  draftKey: string
  /** A run has begun or ended. */
  onNews: () => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const [draft, setDraft] = useState(initial)
  const [started, setStarted] = useState<Started | null>(null)
  const [sending, setSending] = useState(false)
  const [error, setError] = useState<unknown>()
  const { shown, broken, error: lost } = useFollow(started?.id ?? null)
  const language = languages.find(({ name }) => name === draft.language)
  const request = useMemo(() => language && requestOf(draft, language), [draft, language])
  const program = programOf(draft)
  // A result belongs to the language that it was made with: under another one it would say what is not so.
  const current = started?.language === draft.language ? started : null
  const going = current !== null && shown.run === null && !lost
  const changed = current !== null && JSON.stringify(current.request) !== JSON.stringify(request)
  const fieldError = (path: string) => (error instanceof ApiError ? error.fields.get(path) : undefined)

  const start = async () => {
    if (!request || sending || going) return
    setSending(true)
    setError(undefined)
    try {
      const { id } = await call(run, '/runs', { method: 'POST', body: request })
      setStarted({ id, request, language: draft.language })
    } catch (failure) {
      setError(failure)
    } finally {
      setSending(false)
    }
  }
  useRunKey(start)
  useEffect(() => storeDraft(draftKey, draft), [draftKey, draft])

  const ended = shown.run?.id
  // biome-ignore lint/correctness/useExhaustiveDependencies: these two are the news
  useEffect(() => onNews(), [started?.id, ended])

  return (
    <>
      <Panel>
        <div className="flex flex-wrap items-center gap-2 border-line border-b px-4 py-2">
          {/* On a phone the name has a line of its own: beside the others it would be cut. */}
          <div className="min-w-0 flex-1 sm:max-w-64">
            <SelectField
              bare
              label={t('runs.language')}
              value={draft.language}
              onChange={(event) => setDraft({ ...draft, language: event.currentTarget.value })}
            >
              {languages.map((one) => (
                <option key={one.name} value={one.name}>
                  {languageLabel(one)}
                </option>
              ))}
            </SelectField>
          </div>
          <div className="order-last min-w-0 basis-full sm:order-none sm:max-w-64 sm:flex-1 sm:basis-0">
            <Field
              bare
              label={t('runs.name')}
              placeholder={t('runs.nameShort')}
              maxLength={128}
              value={nameOf(draft)}
              error={fieldError('metadata.name')}
              onChange={(event) => setDraft(withName(draft, event.currentTarget.value))}
            />
          </div>
          <span className="ml-auto hidden items-center sm:inline-flex">
            <Keys keys="Ctrl+Enter" />
          </span>
          <Button look="primary" busy={sending || going} onClick={start} aria-keyshortcuts="Control+Enter">
            {!sending && !going && <Play aria-hidden />}
            {t('runs.run')}
          </Button>
        </div>
        <div className="grid lg:grid-cols-[3fr_2fr]">
          <div className="min-w-0 border-line max-lg:border-b lg:border-r">
            <div className="h-80 lg:h-[26rem]">
              <CodeEditor
                label={t('runs.program')}
                language={draft.language}
                value={program.code}
                onChange={(code) => setDraft((now) => withProgram(now, { code }))}
              />
            </div>
            <p className="border-line border-t px-4 py-1.5 text-muted text-xs">
              {t.rich('runs.leaveEditor', {
                escape: () => <Keys keys="Escape" />,
                tab: () => <Keys keys="Tab" />,
              })}
            </p>
          </div>
          <div className="grid min-w-0 content-start gap-4 overflow-y-auto p-4 lg:max-h-[28rem]">
            {draft.cases.length === 0 && (
              <AreaField
                label={t('runs.input')}
                hint={t('runs.stdinHint')}
                rows={6}
                value={program.stdin}
                error={fieldError('stdin')}
                onChange={(event) => setDraft(withProgram(draft, { stdin: event.currentTarget.value }))}
              />
            )}
            <CasesEditor
              cases={draft.cases}
              onChange={(cases) => setDraft({ ...draft, cases })}
              error={fieldError}
            />
          </div>
        </div>
      </Panel>
      {(error ?? lost) !== undefined && (
        <div className="mt-3">
          <Notice tone="bad">{explain(error ?? lost)}</Notice>
        </div>
      )}
      {started && !current && (
        <p className="mt-3 text-muted">
          {t.rich('runs.lastResult', {
            language: languageTitle(started.language, languages),
            link: (text) => (
              <Link href={`/runs/${started.id}`} className="text-accent underline underline-offset-2">
                {text}
              </Link>
            ),
          })}
        </p>
      )}
      {current && !lost && (
        <Result
          key={current.id}
          id={current.id}
          title={t('runs.resultOf', { language: languageTitle(current.language, languages) })}
          note={changed ? t('runs.changed') : null}
          shown={shown}
          broken={broken}
          request={current.request}
          action={<LinkActions id={current.id} />}
        />
      )}
      {request && <CommandPanel request={request} />}
    </>
  )
}

/** Ctrl+Enter, or Cmd+Enter, from wherever one types. Captured: the editor has a meaning of its own for it. */
function useRunKey(start: () => void): void {
  const latest = useRef(start)
  latest.current = start
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      event.stopPropagation()
      if (!event.repeat) latest.current()
    }
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [])
}

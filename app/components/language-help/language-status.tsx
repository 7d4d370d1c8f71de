'use client'

import { CircleAlert, CircleX, Copy, LoaderCircle, RotateCw, TriangleAlert, X } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { HelpOf } from '../../language-help/help-tools'
import { countOf } from '../../language-help/problems'
import type { Server } from '../../language-help/server'
import { copyText } from '../../lib/clipboard'
import { cn } from '../../lib/cn'
import { TextError } from '../../lib/text-error'
import { useStore } from '../../terminal/use-store'
import { useFocusHome } from '../ui/focus-home'
import { Tip } from '../ui/tip'
import { useToast } from '../ui/toast'
import { useHelp } from './context'
import { useHint } from './hint'

/** What language servers say, in the line below the text: how many problems there are, and whether the server is well. */
export function LanguageStatus({ of }: { of: HelpOf }) {
  return (
    <>
      <ProblemCounts shown={of.kind === 'server'} />
      {of.kind === 'server' && <ServerStatus server={of.server} />}
      {of.kind === 'absent' && of.install !== null && (
        <Absent languageId={of.languageId} install={of.install} />
      )}
    </>
  )
}

function ProblemCounts({ shown }: { shown: boolean }) {
  const t = useTranslations()
  const help = useHelp()
  const panel = useStore(help.panel)
  const { error, warning } = countOf(useStore(help.problems))
  if (!shown && error + warning === 0) return null
  return (
    <Tip text={t('language.problems')} keys="Ctrl+Shift+M">
      <button
        type="button"
        aria-expanded={panel === 'problems'}
        aria-label={t('language.counts', { errors: error, warnings: warning })}
        className="tabular flex min-h-6 shrink-0 items-center gap-1 rounded px-1 hover:text-ink [&>svg]:size-3.5"
        onClick={() => help.panel.set(panel === 'problems' ? null : 'problems')}
      >
        <CircleX aria-hidden className={cn(error > 0 && 'text-bad')} />
        {error}
        <TriangleAlert aria-hidden className={cn('ml-1', warning > 0 && 'text-warn')} />
        {warning}
      </button>
    </Tip>
  )
}

function ServerStatus({ server }: { server: Server }) {
  const t = useTranslations()
  const state = useStore(server.state)
  const home = useFocusHome()
  const name = server.about.id
  if (state.kind === 'running') return <span className="hidden md:inline">{name}</span>
  if (state.kind === 'waiting') return null
  if (state.kind === 'starting') {
    return (
      <span role="status" className="flex items-center gap-1">
        <LoaderCircle aria-hidden className="size-3.5 animate-spin" />
        {t('language.starting', { name })}
      </span>
    )
  }
  const reason =
    state.kind === 'absent' ? t('language.ends.notInstalled') : t(`language.ends.${state.reason}`)
  const more = state.kind === 'absent' ? '' : (state.detail?.stderr.trim().slice(-500) ?? '')
  return (
    <span
      role="status"
      title={more}
      className={cn(
        'flex min-w-0 items-center gap-1',
        state.kind === 'restarting' ? 'text-warn' : 'text-bad',
      )}
    >
      <CircleAlert aria-hidden className="size-3.5 shrink-0" />
      <span className="truncate">
        {t(state.kind === 'restarting' ? 'language.restarting' : 'language.stopped', { name, reason })}
      </span>
      {state.kind !== 'restarting' && (
        <button
          type="button"
          className="flex min-h-6 shrink-0 items-center gap-1 rounded px-1 text-ink underline"
          onClick={() => {
            server.restart()
            home.focus()
          }}
        >
          <RotateCw aria-hidden className="size-3" />
          {t('language.restart')}
        </button>
      )}
    </span>
  )
}

/** Says once what would give help with a language. */
function Absent({ languageId, install }: { languageId: string; install: string }) {
  const t = useTranslations()
  const toast = useToast()
  const [shown, dismiss] = useHint(languageId)
  const home = useFocusHome()
  if (!shown) return null
  return (
    <span className="hidden min-w-0 items-center gap-1 md:flex">
      <span className="truncate" title={install}>
        {t('language.absent', { install })}
      </span>
      <button
        type="button"
        aria-label={t('common.copyWhat', { what: install })}
        className="grid size-6 shrink-0 place-items-center rounded hover:text-ink"
        onClick={async () => {
          if (await copyText(install)) toast.done(t('common.copied'))
          else toast.failed(new TextError('common.copyBlocked'))
        }}
      >
        <Copy aria-hidden className="size-3.5" />
      </button>
      <button
        type="button"
        aria-label={t('language.dismiss')}
        className="grid size-6 shrink-0 place-items-center rounded hover:text-ink"
        onClick={() => {
          dismiss()
          home.focus()
        }}
      >
        <X aria-hidden className="size-3.5" />
      </button>
    </span>
  )
}

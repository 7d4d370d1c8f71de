'use client'

import { File, Folder } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { nameProblem } from '../../files/paths'
import { useExplain } from '../../lib/use-explain'
import { indentOf } from './tree-row'

/** Where a name is typed. Enter takes it, Escape and leaving it empty or unchanged do not. */
function NameInput({
  label,
  name,
  onDone,
}: {
  label: string
  name: string
  /** Null when nothing is to be changed. */
  onDone: Done
}) {
  const t = useTranslations()
  const explain = useExplain()
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const done = async (typed: string, leaving: boolean) => {
    if (busy) return
    if (typed === name || (leaving && typed === '')) return onDone(null)
    const problem = nameProblem(typed)
    if (problem) return leaving ? onDone(null) : setError(t(`files.nameProblem.${problem}`))
    setBusy(true)
    try {
      await onDone(typed)
    } catch (failure) {
      setError(explain(failure))
      setBusy(false)
    }
  }
  return (
    <div className="relative min-w-0 flex-1">
      <input
        aria-label={label}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? 'name-error' : undefined}
        defaultValue={name}
        readOnly={busy}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: it appears because somebody asked to type here
        autoFocus
        onFocus={({ currentTarget }) => {
          // The ending stays as it is, most of the time.
          const dot = name.lastIndexOf('.')
          currentTarget.setSelectionRange(0, dot > 0 ? dot : name.length)
        }}
        onBlur={({ currentTarget }) => void done(currentTarget.value, true)}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter' && !event.nativeEvent.isComposing)
            void done(event.currentTarget.value, false)
          else if (event.key === 'Escape') void onDone(null)
        }}
        className="h-6 w-full rounded border border-edge bg-surface px-1 text-ink text-sm aria-invalid:border-bad"
      />
      {error && (
        <p
          id="name-error"
          role="alert"
          className="absolute top-full right-0 left-0 z-10 mt-0.5 rounded bg-bad-soft px-1.5 py-1 text-bad text-xs"
        >
          {error}
        </p>
      )}
    </div>
  )
}

/** @throws what is shown beside the name; typing goes on */
type Done = (name: string | null) => Promise<void>

/** The line of a file or folder that is being made. */
export function NewName({
  type,
  level,
  onDone,
}: {
  type: 'file' | 'directory'
  level: number
  onDone: Done
}) {
  const t = useTranslations()
  const [Icon, color] = type === 'directory' ? [Folder, 'text-accent'] : [File, 'text-muted']
  return (
    <div className="flex h-full items-center gap-1 pr-2" style={indentOf(level)}>
      <span className="size-4 shrink-0" />
      <Icon aria-hidden className={`size-4 shrink-0 ${color}`} />
      <NameInput
        label={t(type === 'directory' ? 'files.nameOfNewFolder' : 'files.nameOfNewFile')}
        name=""
        onDone={onDone}
      />
    </div>
  )
}

export function RenameLine({ name, level, onDone }: { name: string; level: number; onDone: Done }) {
  const t = useTranslations()
  return (
    <div className="flex h-full items-center pr-2" style={indentOf(level)}>
      <span className="w-10 shrink-0" />
      <NameInput label={t('files.newName')} name={name} onDone={onDone} />
    </div>
  )
}

'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { AreaField, Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { call, order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { type LineComment, lineComment, type SubmissionFile } from '../../../lib/protocol-submissions'
import { useFormat } from '../../../lib/use-format'
import { text, useSubmit } from '../../../lib/use-submit'

const charactersMax = 2000
const typed = (form: FormData) => text(form, 'text').replace(/\r\n?/g, '\n')

/** What staff say about lines of a hand-in. Students read it. */
export function LineComments({
  submission,
  file,
  line,
  items,
  looks,
  onGo,
  onChange,
}: {
  submission: string
  /** The one that is shown. */
  file: SubmissionFile | undefined
  /** Of the cursor in it. */
  line: number
  items: readonly LineComment[]
  /** Whether the caller is of the staff. */
  looks: boolean
  onGo: (path: string, line: number) => void
  onChange: () => Promise<unknown>
}) {
  const t = useTranslations()
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const remove = (one: LineComment) =>
    setQuestion({
      title: t('lineComments.ask'),
      text: t('lineComments.askText'),
      action: t('lineComments.delete'),
      run: async () => {
        await order(`/submissions/${submission}/comments/${one.id}`, { method: 'DELETE' })
        await onChange()
        toast.done(t('lineComments.deleted'))
      },
    })
  return (
    <Panel title={t('lineComments.title')}>
      {looks && file?.type === 'file' && (
        <NewComment
          key={file.path}
          submission={submission}
          path={file.path}
          line={line}
          onChange={onChange}
        />
      )}
      {items.length === 0 && <p className="px-4 py-3 text-muted">{t('lineComments.none')}</p>}
      <ul className="divide-y divide-line">
        {items.map((one) => (
          <li key={one.id} className="px-4 py-3">
            <OneComment of={one} onGo={onGo} onRemove={() => remove(one)} onChange={onChange} />
          </li>
        ))}
      </ul>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

function NewComment({
  submission,
  path,
  line,
  onChange,
}: {
  submission: string
  path: string
  line: number
  onChange: () => Promise<unknown>
}) {
  const t = useTranslations()
  const toast = useToast()
  const [version, setVersion] = useState(0)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = { path, line: Number(text(form, 'line')), text: typed(form) }
    await call(lineComment, `/submissions/${submission}/comments`, { method: 'POST', body })
    await onChange()
    setVersion((before) => before + 1)
    toast.done(t('lineComments.added'))
  })
  return (
    <form onSubmit={submit} className="grid gap-3 border-line border-b p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field
        // The line of the cursor, until another one is typed.
        key={`line ${line}`}
        label={t('lineComments.lineOf', { path: oneLine(path, 80) })}
        name="line"
        type="number"
        min={1}
        required
        className="max-w-28"
        defaultValue={line}
        error={fieldError('line')}
      />
      <AreaField
        key={`text ${version}`}
        label={t('lineComments.text')}
        hint={t('lineComments.hint')}
        name="text"
        rows={2}
        required
        maxLength={charactersMax}
        spellCheck
        className="font-sans text-sm"
        error={fieldError('text')}
      />
      <Button type="submit" busy={busy} className="justify-self-start">
        {t('lineComments.add')}
      </Button>
    </form>
  )
}

function OneComment({
  of,
  onGo,
  onRemove,
  onChange,
}: {
  of: LineComment
  onGo: (path: string, line: number) => void
  onRemove: () => void
  onChange: () => Promise<unknown>
}) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const [isEdited, setEdited] = useState(false)
  const place = { path: oneLine(of.path, 80), line: String(of.line) }
  const at = dateTime(of.at)
  return (
    <div className="grid gap-1">
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <button
          type="button"
          onClick={() => onGo(of.path, of.line)}
          className="min-w-0 break-all rounded text-left font-mono text-xs underline underline-offset-2 pointer-coarse:py-2"
        >
          {t('lineComments.place', place)}
        </button>
        <span className="text-muted text-xs">
          {of.by === null
            ? t('lineComments.byTeacher', { at })
            : t('lineComments.by', { name: oneLine(of.by), at })}
          {of.changedAt !== null && ` · ${t('lineComments.changed', { at: dateTime(of.changedAt) })}`}
        </span>
      </div>
      {isEdited ? (
        <EditComment of={of} onChange={onChange} onClose={() => setEdited(false)} />
      ) : (
        <p className="whitespace-pre-wrap break-words">{of.text}</p>
      )}
      {of.mayChange && !isEdited && (
        <div className="-ml-2 flex gap-1">
          <Button
            look="quiet"
            size="small"
            aria-label={t('lineComments.editOf', place)}
            onClick={() => setEdited(true)}
          >
            {t('lineComments.edit')}
          </Button>
          <Button look="quiet" size="small" aria-label={t('lineComments.deleteOf', place)} onClick={onRemove}>
            {t('lineComments.delete')}
          </Button>
        </div>
      )}
    </div>
  )
}

function EditComment({
  of,
  onChange,
  onClose,
}: {
  of: LineComment
  onChange: () => Promise<unknown>
  onClose: () => void
}) {
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const path = `/submissions/${of.submission}/comments/${of.id}`
    await call(lineComment, path, { method: 'PATCH', body: { text: typed(form) } })
    await onChange()
    toast.done(t('lineComments.saved'))
    onClose()
  })
  return (
    <form onSubmit={submit} className="grid gap-2">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <AreaField
        bare
        label={t('lineComments.text')}
        name="text"
        rows={3}
        required
        maxLength={charactersMax}
        spellCheck
        className="font-sans text-sm"
        defaultValue={of.text}
        error={fieldError('text')}
      />
      <div className="flex gap-2">
        <Button type="submit" size="small" busy={busy}>
          {t('lineComments.save')}
        </Button>
        <Button look="quiet" size="small" onClick={onClose}>
          {t('lineComments.cancel')}
        </Button>
      </div>
    </form>
  )
}

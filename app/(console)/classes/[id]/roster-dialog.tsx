'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { useToast } from '../../../components/ui/toast'
import { transfer } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import {
  type ClassDescription,
  type RosterPreview,
  rosterApplied,
  rosterPreview,
} from '../../../lib/protocol-classes'
import { useSubmit } from '../../../lib/use-submit'

interface Shown {
  readonly file: File
  readonly remove: boolean
  readonly preview: RosterPreview
}

/** Imports a list of students: a file, then what would change, then that. */
export function RosterDialog({
  of,
  open,
  onOpenChange,
  onDone,
}: {
  of: ClassDescription
  open: boolean
  onOpenChange: (open: boolean) => void
  onDone: () => void
}) {
  const t = useTranslations()
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={onOpenChange}
      title={t('classes.importRoster')}
      description={t('classes.roster.text')}
    >
      <Import
        of={of}
        onDone={() => {
          onOpenChange(false)
          onDone()
        }}
      />
    </Dialog>
  )
}

function Import({ of, onDone }: { of: ClassDescription; onDone: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const [shown, setShown] = useState<Shown | null>(null)
  const send = async (path: string, file: File) => {
    const headers = { 'content-type': 'application/octet-stream' }
    const response = await transfer(`/classes/${of.id}/roster${path}`, {
      method: 'POST',
      headers,
      body: file,
    })
    return response.json()
  }
  const { submit, busy, error } = useSubmit(async (form) => {
    if (shown === null) {
      const file = form.get('file')
      if (!(file instanceof File)) return
      const remove = form.get('remove') === 'on'
      const preview = rosterPreview.parse(await send(`/preview?remove=${remove}`, file))
      setShown({ file, remove, preview })
      return
    }
    const { file, remove, preview } = shown
    const done = rosterApplied.parse(await send(`?remove=${remove}&digest=${preview.digest}`, file))
    toast.done(t('classes.roster.applied', done))
    onDone()
  })
  const blocked = shown?.remove === true && shown.preview.problems.length > 0
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <div className={shown === null ? 'grid gap-3' : 'hidden'}>
          <Field
            label={t('classes.roster.choose')}
            hint={t('classes.roster.chooseHint')}
            name="file"
            type="file"
            required
            accept=".csv,.tsv,.txt,text/csv"
            className="py-1"
          />
          <label className="flex items-start gap-2">
            <input type="checkbox" name="remove" className="mt-1" />
            {t('classes.roster.remove')}
          </label>
        </div>
        {shown !== null && <Changes preview={shown.preview} />}
      </DialogBody>
      <DialogFooter>
        {shown !== null && (
          <Button type="button" look="quiet" onClick={() => setShown(null)}>
            {t('common.cancel')}
          </Button>
        )}
        <Button type="submit" look="primary" busy={busy} disabled={blocked}>
          {t(shown === null ? 'classes.roster.show' : 'classes.roster.apply')}
        </Button>
      </DialogFooter>
    </form>
  )
}

/** Of each kind so many are listed; the file has the others. */
const listed = 200

function Changes({ preview }: { preview: RosterPreview }) {
  const t = useTranslations()
  const nothing = t('classes.roster.nothing')
  const named = (value: string | null) => (value === null ? nothing : oneLine(value, 254))
  const parts = [...preview.sections, ...preview.groups].map((name) => oneLine(name))
  return (
    <div className="grid gap-3">
      <Part
        title={t('classes.roster.problems', { count: preview.problems.length })}
        bad
        lines={preview.problems.map(({ line, problem }) => [
          `${line}`,
          `${t('classes.roster.line', { line })}: ${problem}`,
        ])}
      />
      <Part
        title={t('classes.roster.added', { count: preview.added.length })}
        lines={preview.added.map(({ line, name, section }) => [
          ...[`${line}`, `${oneLine(name)}${section === null ? '' : ` · ${oneLine(section)}`}`],
        ])}
      />
      <Part
        title={t('classes.roster.changed', { count: preview.changed.length })}
        lines={preview.changed.map(({ id, name, changes }) => [
          id,
          `${oneLine(name)}: ${changes
            .map(({ field, from, to }) =>
              t('classes.roster.fromTo', {
                ...{ field: t(`classes.roster.fields.${field}`), from: named(from), to: named(to) },
              }),
            )
            .join(t('common.comma'))}`,
        ])}
      />
      <Part
        title={t('classes.roster.removed', { count: preview.removed.length })}
        bad
        lines={preview.removed.map(({ id, name }) => [id, oneLine(name)])}
      />
      <p className="text-muted">{t('classes.roster.unchanged', { count: preview.unchanged })}</p>
      {parts.length > 0 && (
        <p className="text-muted">{t('classes.roster.newParts', { names: parts.join(t('common.comma')) })}</p>
      )}
    </div>
  )
}

function Part({
  title,
  lines,
  bad = false,
}: {
  title: string
  lines: readonly (readonly string[])[]
  bad?: boolean
}) {
  if (lines.length === 0) return null
  return (
    <details open={lines.length <= 20}>
      <summary className={bad ? 'font-medium text-bad' : 'font-medium'}>{title}</summary>
      <ul className="mt-1 grid gap-0.5 pl-4 text-muted">
        {lines.slice(0, listed).map(([key, line]) => (
          <li key={key} className="break-words">
            {line}
          </li>
        ))}
        {lines.length > listed && <li>…</li>}
      </ul>
    </details>
  )
}

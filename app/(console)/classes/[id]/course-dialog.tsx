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
import { type CoursePreview, coursePreview } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useSubmit } from '../../../lib/use-submit'
import type { Translate } from '../../../messages/texts'

/** Imports a whole course: an archive, then what would change, then that. */
export function CourseDialog({
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
      title={t('assignments.importCourse')}
      description={t('assignments.course.text')}
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
  const [shown, setShown] = useState<{ file: File; preview: CoursePreview } | null>(null)
  const send = async (path: string, file: File) => {
    const headers = { 'content-type': 'application/x-tar' }
    const response = await transfer(`/classes/${of.id}/course${path}`, {
      ...{ method: 'POST', headers, body: file },
    })
    return coursePreview.parse(await response.json())
  }
  const { submit, busy, error } = useSubmit(async (form) => {
    if (shown === null) {
      const file = form.get('file')
      if (file instanceof File) setShown({ file, preview: await send('/preview', file) })
      return
    }
    const done = await send(`?digest=${shown.preview.digest}`, shown.file)
    toast.done(t('assignments.course.applied', { added: done.added.length, changed: done.changed.length }))
    onDone()
  })
  const nothing = shown !== null && shown.preview.added.length + shown.preview.changed.length === 0
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <div className={shown === null ? 'grid' : 'hidden'}>
          <Field
            label={t('classes.roster.choose')}
            hint={t('assignments.course.chooseHint')}
            name="file"
            type="file"
            required
            accept=".tar,.tgz,.gz,application/x-tar"
            className="py-1"
          />
        </div>
        {shown !== null && <Changes preview={shown.preview} />}
      </DialogBody>
      <DialogFooter>
        {shown !== null && (
          <Button look="quiet" onClick={() => setShown(null)}>
            {t('common.cancel')}
          </Button>
        )}
        <Button type="submit" look="primary" busy={busy} disabled={nothing}>
          {t(shown === null ? 'classes.roster.show' : 'classes.roster.apply')}
        </Button>
      </DialogFooter>
    </form>
  )
}

function Changes({ preview }: { preview: CoursePreview }) {
  const t = useTranslations()
  const comma = t('common.comma')
  return (
    <div className="grid gap-3">
      <Part
        title={t('assignments.course.added', { count: preview.added.length })}
        lines={preview.added.map(({ folder, title }) => [folder, oneLine(title, 120)])}
      />
      <Part
        title={t('assignments.course.changed', { count: preview.changed.length })}
        lines={preview.changed.map(({ folder, title, fields }) => [
          ...[folder, `${oneLine(title, 120)}: ${fields.map((field) => nameOf(field, t)).join(comma)}`],
        ])}
      />
      <Part
        title={t('assignments.course.ignored', { count: preview.ignored.length })}
        lines={preview.ignored.map((path) => [path, oneLine(path, 200)])}
      />
      <p className="text-muted">{t('assignments.course.unchanged', { count: preview.unchanged })}</p>
    </div>
  )
}

const fields = [
  ...(['title', 'text', 'published', 'opensAt', 'dueAt', 'late', 'source', 'limits', 'network'] as const),
  ...(['readOnly', 'steps', 'tests', 'starter', 'hidden', 'position'] as const),
]

/** A newer server may name one that this page does not know. */
function nameOf(name: string, t: Translate): string {
  const known = fields.find((one) => one === name)
  return known === undefined ? oneLine(name) : t(`assignments.course.fields.${known}`)
}

function Part({ title, lines }: { title: string; lines: readonly (readonly string[])[] }) {
  if (lines.length === 0) return null
  return (
    <details open={lines.length <= 20}>
      <summary className="font-medium">{title}</summary>
      <ul className="mt-1 grid gap-0.5 pl-4 text-muted">
        {lines.map(([key, line]) => (
          <li key={key} className="break-words">
            {line}
          </li>
        ))}
      </ul>
    </details>
  )
}

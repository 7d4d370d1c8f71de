'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { ClassDescription, ClassPart } from '../../../lib/protocol-classes'
import { text, useSubmit } from '../../../lib/use-submit'

/** The sections or the groups of a class. */
export function Parts({
  of,
  kind,
  onChange,
}: {
  of: ClassDescription
  kind: 'section' | 'group'
  onChange: () => void
}) {
  const t = useTranslations()
  const [question, setQuestion] = useState<Question | null>(null)
  const parts = kind === 'section' ? of.sections : of.groups
  const path = `/classes/${of.id}/${kind}s`
  const teaches = of.role !== 'assistant'
  const { submit, busy, error } = useSubmit(async (form) => {
    await order(path, { method: 'POST', body: { name: text(form, 'name') } })
    onChange()
  })
  const remove = ({ id, name }: ClassPart) =>
    setQuestion({
      title: t('classes.askPart', { name: oneLine(name) }),
      text: t('classes.askPartText'),
      action: t('classes.delete'),
      run: async () => {
        await order(`${path}/${id}`, { method: 'DELETE' })
        onChange()
      },
    })
  return (
    <Panel title={t(kind === 'section' ? 'classes.sections' : 'classes.groups')}>
      <ul className="divide-y divide-line">
        {parts.map((part) => (
          <li key={part.id} className="flex items-center justify-between gap-3 px-4 py-2">
            <span className="min-w-0 break-words">{oneLine(part.name)}</span>
            <span className="flex shrink-0 items-center gap-2 text-muted text-xs">
              {t('classes.studentCount', { count: part.students })}
              {teaches && (
                <Button
                  look="quiet"
                  size="small"
                  aria-label={t('classes.askPart', { name: oneLine(part.name) })}
                  onClick={() => remove(part)}
                >
                  {t('classes.delete')}
                </Button>
              )}
            </span>
          </li>
        ))}
      </ul>
      {teaches && (
        <form key={parts.length} onSubmit={submit} className="grid gap-2 border-line border-t p-3">
          {error && <Notice tone="bad">{error.message}</Notice>}
          <div className="flex items-end gap-2">
            <div className="flex-1">
              <Field
                label={t(kind === 'section' ? 'classes.newSection' : 'classes.newGroup')}
                name="name"
                required
                maxLength={64}
              />
            </div>
            <Button type="submit" busy={busy}>
              {t('classes.add')}
            </Button>
          </div>
        </form>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { AreaField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { useUnsaved } from './use-unsaved'

/** Paths that are put back before anything is checked. */
export function ReadOnlyPart({ of, teaches, onChange }: PartProps) {
  const t = useTranslations()
  const toast = useToast()
  const stored = of.setup?.readOnly ?? []
  const [lines, setLines] = useState(stored.join('\n'))
  const paths = lines
    .split('\n')
    .map((line) => line.trim().replace(/\/+$/, ''))
    .filter(Boolean)
  const unsaved = JSON.stringify(paths) !== JSON.stringify(stored)
  useUnsaved(unsaved)
  const { submit, busy, error } = useSubmit(async () => {
    const changed = await change(of.id, { readOnly: paths })
    setLines(changed.setup?.readOnly.join('\n') ?? '')
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  return (
    <Panel title={t('assignmentPage.readOnly')}>
      <form onSubmit={submit} className="grid gap-4 p-4">
        {error && <Notice tone="bad">{error.message}</Notice>}
        <AreaField
          label={t('assignmentPage.readOnlyPaths')}
          hint={t('assignmentPage.readOnlyHint')}
          name="readOnly"
          rows={3}
          disabled={!teaches}
          value={lines}
          placeholder="tests/visible"
          onChange={({ target }) => setLines(target.value)}
        />
        {teaches && <SaveBar unsaved={unsaved} busy={busy} />}
      </form>
    </Panel>
  )
}

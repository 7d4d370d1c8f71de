'use client'

import dynamic from 'next/dynamic'
import { useDeferredValue, useState } from 'react'
import { useTranslations } from 'use-intl'
import { AreaField, Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { useUnsaved } from './use-unsaved'

const Markdown = dynamic(() =>
  import('../../../components/viewers/markdown').then((loaded) => loaded.Markdown),
)

/** Title and text, with what students will read beside what is typed. */
export function TextPart({ of, teaches, onChange }: PartProps) {
  const t = useTranslations()
  const toast = useToast()
  const [title, setTitle] = useState(of.title)
  const [text, setText] = useState(of.text ?? '')
  const shown = useDeferredValue(text)
  const unsaved = title !== of.title || text !== of.text
  useUnsaved(unsaved)
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    const changed = await change(of.id, { title, text })
    // What is kept is what the API has made of it.
    setTitle(changed.title)
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  const preview = (
    <section
      aria-label={t('assignmentPage.preview')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
      tabIndex={0}
      className="max-h-[36rem] min-w-0 overflow-y-auto rounded-md border border-line bg-ground p-4"
    >
      {shown.trim() === '' ? (
        <p className="text-muted">{t('assignmentPage.noPreview')}</p>
      ) : (
        <Markdown text={shown} />
      )}
    </section>
  )
  if (!teaches) {
    return (
      <Panel title={t('assignmentPage.text')}>
        <div className="p-4">{preview}</div>
      </Panel>
    )
  }
  return (
    <Panel title={t('assignmentPage.text')}>
      <form onSubmit={submit} className="grid gap-4 p-4">
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('assignmentPage.title')}
          name="title"
          required
          maxLength={120}
          value={title}
          onChange={({ target }) => setTitle(target.value)}
          error={fieldError('title')}
        />
        <div className="grid gap-4 lg:grid-cols-2">
          <AreaField
            label={t('assignmentPage.markdown')}
            hint={t('assignmentPage.markdownHint')}
            name="text"
            rows={16}
            className="h-[24rem] resize-y lg:h-[32rem]"
            value={text}
            onChange={({ target }) => setText(target.value)}
            error={fieldError('text')}
          />
          <div className="grid min-w-0 content-start gap-1">
            <span aria-hidden className="font-medium">
              {t('assignmentPage.preview')}
            </span>
            {preview}
          </div>
        </div>
        <SaveBar unsaved={unsaved} busy={busy} />
      </form>
    </Panel>
  )
}

'use client'

import { useTranslations } from 'use-intl'
import { Choice } from '../../components/ui/choice'
import { AreaField, Field } from '../../components/ui/field'
import { bytes } from '../../lib/format'
import type { ContextDraft } from './context'

const empty = {
  text: { kind: 'text', text: 'FROM base\n' },
  folder: { kind: 'folder', files: [] },
  archive: { kind: 'archive', file: null },
} as const satisfies Record<ContextDraft['kind'], ContextDraft>

export const firstContext: ContextDraft = empty.text

/** Where the Dockerfile and what it copies come from. */
export function SourceFields({
  draft,
  onChange,
  error,
}: {
  draft: ContextDraft
  onChange: (draft: ContextDraft) => void
  /** What is said of the Dockerfile. */
  error: string | undefined
}) {
  const t = useTranslations()
  return (
    <>
      <Choice
        label={t('builds.source')}
        value={draft.kind}
        options={(['text', 'folder', 'archive'] as const).map((value) => ({
          value,
          title: t(`builds.sources.${value}`),
          text: t(`builds.sourceTexts.${value}`),
        }))}
        onChange={(kind) => onChange(empty[kind])}
        className="sm:grid-cols-3"
      />
      {draft.kind === 'text' && (
        <AreaField
          label={t('builds.sources.text')}
          name="text"
          rows={8}
          required
          value={draft.text}
          onChange={(event) => onChange({ kind: 'text', text: event.currentTarget.value })}
          error={error}
        />
      )}
      {draft.kind === 'folder' && (
        <Field
          label={t('builds.sources.folder')}
          type="file"
          key="folder"
          webkitdirectory=""
          required
          className="h-auto py-1 pointer-coarse:h-auto"
          onChange={({ currentTarget: { files } }) => onChange({ kind: 'folder', files: [...(files ?? [])] })}
          hint={
            draft.files.length === 0
              ? t('builds.folderHint')
              : t('builds.folderOf', {
                  count: draft.files.length,
                  size: bytes(draft.files.reduce((sum, { size }) => sum + size, 0)),
                })
          }
        />
      )}
      {draft.kind === 'archive' && (
        <Field
          label={t('builds.sources.archive')}
          type="file"
          key="archive"
          accept=".tar,.tgz,.gz,application/x-tar,application/gzip"
          required
          className="h-auto py-1 pointer-coarse:h-auto"
          onChange={({ currentTarget: { files } }) => onChange({ kind: 'archive', file: files?.[0] ?? null })}
          hint={t('builds.archiveHint')}
        />
      )}
      {draft.kind !== 'text' && (
        <Field
          label={t('builds.path')}
          name="dockerfile"
          defaultValue="Dockerfile"
          required
          maxLength={1024}
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-xs"
          hint={t('builds.pathHint')}
          error={error}
        />
      )}
    </>
  )
}

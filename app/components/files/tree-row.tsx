'use client'

import { ChevronRight, File, FileSymlink, FileX2, Folder, FolderOpen } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { EntryRow, Row } from '../../files/rows'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import { treeEntriesMax } from '../../lib/protocol'
import { useExplain } from '../../lib/use-explain'
import { ChangeMarkOf } from '../git/change-mark'
import { InFile } from '../together/people'

/** Where the text of a level begins. */
export function indentOf(level: number): { paddingLeft: string } {
  return { paddingLeft: `${0.375 + (level - 1) * 0.75}rem` }
}

const line = 'flex h-full min-w-0 items-center gap-1 pr-2'

/** An entry as it is shown: link targets and hidden files are told apart by more than colour. */
export function EntryLine({ row, selected }: { row: EntryRow; selected: boolean }) {
  const t = useTranslations()
  const { entry, level, expanded } = row
  const hidden = entry.name.startsWith('.')
  return (
    <div className={cn(line, hidden && !selected && 'text-muted')} style={indentOf(level)}>
      <ChevronRight
        aria-hidden
        className={cn(
          'size-4 shrink-0 text-muted transition-transform',
          expanded && 'rotate-90',
          expanded === null && 'invisible',
        )}
      />
      <EntryIcon row={row} />
      <span className="truncate whitespace-pre">{oneLine(entry.name, 255)}</span>
      {entry.type === 'symlink' && (
        <span className="min-w-0 truncate text-muted text-xs" title={oneLine(entry.target ?? '', 255)}>
          <span aria-hidden>→ </span>
          <span className="sr-only">{t('files.linkTo')}</span>
          {oneLine(entry.target ?? '', 255)}
        </span>
      )}
      <span className="flex-1" />
      <InFile path={entry.path} />
      <ChangeMarkOf path={entry.path} />
    </div>
  )
}

function EntryIcon({ row: { entry, expanded } }: { row: EntryRow }) {
  const className = cn('size-4 shrink-0', entry.type === 'directory' ? 'text-accent' : 'text-muted')
  if (entry.type === 'symlink') return <FileSymlink aria-hidden className={className} />
  if (entry.type === 'other') return <FileX2 aria-hidden className={className} />
  if (entry.type === 'file') return <File aria-hidden className={className} />
  return expanded ? (
    <FolderOpen aria-hidden className={className} />
  ) : (
    <Folder aria-hidden className={className} />
  )
}

/** A line that says something of its directory. */
export function NoteLine({
  row,
  retry,
}: {
  row: Exclude<Row, { kind: 'entry' | 'new' }>
  retry: () => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  return (
    <div className={cn(line, 'text-muted text-xs')} style={indentOf(row.level)}>
      <span className="size-4 shrink-0" />
      {row.kind === 'failed' ? (
        <>
          <span className="min-w-0 truncate text-bad" title={explain(row.error)}>
            {explain(row.error)}
          </span>
          <button type="button" tabIndex={-1} className="shrink-0 underline" onClick={retry}>
            {t('common.tryAgain')}
          </button>
        </>
      ) : (
        <span className="truncate">
          {row.kind === 'truncated'
            ? t('files.truncated', { count: treeEntriesMax })
            : t(`files.${row.kind}`)}
        </span>
      )}
    </div>
  )
}

'use client'

import { Download } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Panel } from '../../../components/ui/panel'
import { Scroll } from '../../../components/ui/scroll'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { cn } from '../../../lib/cn'
import { bytes, oneLine } from '../../../lib/format'
import {
  lineComments,
  type SubmissionFile,
  type SubmissionWithMissing,
  submissionFiles,
} from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { FileView } from './file-view'
import { LineComments } from './line-comments'

/** What was handed in: the files, the one that is chosen with what is said about its lines, and what was left out. */
export function FilesPart({ of, looks }: { of: SubmissionWithMissing; looks: boolean }) {
  const t = useTranslations()
  const { data, error, mutate } = useResource(`/submissions/${of.id}/files`, submissionFiles)
  const comments = useResource(`/submissions/${of.id}/comments`, lineComments)
  const [chosen, setChosen] = useState<string | null>(null)
  const [line, setLine] = useState(1)
  const [goal, setGoal] = useState<{ path: string; line: number }>()
  const items = data?.items ?? []
  const shown = items.find(({ path }) => path === chosen) ?? firstToRead(items)
  const said = comments.data?.items
  const marked = useMemo(
    () => said?.filter(({ path }) => path === shown?.path).map((one) => one.line) ?? [],
    [said, shown?.path],
  )
  const choose = (path: string, to = 1) => {
    setChosen(path)
    setLine(to)
    setGoal({ path, line: to })
  }
  return (
    <>
      <Panel
        title={t('handIns.filesTab')}
        action={
          <div className="flex items-center gap-3">
            <span className="tabular text-muted text-xs">
              {t('handIns.files', { count: of.fileCount, size: bytes(of.bytes) })}
            </span>
            <Button asChild size="small" look="quiet">
              <a href={`/api/v1/submissions/${of.id}/archive`} download>
                <Download aria-hidden />
                {t('handIns.download')}
              </a>
            </Button>
          </div>
        }
      >
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
        {data && (
          <div className="grid grid-cols-[minmax(0,1fr)] md:grid-cols-[13rem_minmax(0,1fr)]">
            <Scroll
              label={t('handIns.fileList')}
              className="max-h-48 rounded-none border-0 border-line border-b md:max-h-[70vh] md:border-r md:border-b-0"
            >
              <ul className="py-1">
                {items.map((file) => (
                  <li key={file.path}>
                    <button
                      type="button"
                      aria-current={file === shown ? 'true' : undefined}
                      onClick={() => choose(file.path)}
                      className={cn(
                        'flex w-full items-baseline justify-between gap-2 px-3 py-1 text-left outline-offset-[-2px] hover:bg-hover pointer-coarse:py-2',
                        file === shown && 'bg-accent-soft hover:bg-accent-soft',
                      )}
                    >
                      <span className="min-w-0 break-all font-mono text-xs">{oneLine(file.path, 200)}</span>
                      <span className="tabular shrink-0 text-muted text-xs">
                        {file.type === 'symlink' ? t('handIns.link') : bytes(file.sizeBytes)}
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
            </Scroll>
            {shown && (
              <FileView
                key={shown.path}
                id={of.id}
                file={shown}
                lines={{ marked, onLine: setLine, shown: goal?.path === shown.path ? goal : undefined }}
              />
            )}
          </div>
        )}
      </Panel>
      {comments.error && !said && <Failed error={comments.error} retry={() => comments.mutate()} />}
      {said && (looks || said.length > 0) && (
        <LineComments
          submission={of.id}
          file={shown}
          line={line}
          items={said}
          looks={looks}
          onGo={choose}
          onChange={() => comments.mutate()}
        />
      )}
      {of.leftOutCount > 0 && <LeftOut of={of} />}
    </>
  )
}

function LeftOut({ of }: { of: SubmissionWithMissing }) {
  const t = useTranslations()
  return (
    <details className="rounded-lg border border-line bg-surface px-4 py-3">
      <summary className="rounded">{t('handIns.leftOut', { count: of.leftOutCount })}</summary>
      <p className="mt-2 text-muted">{t('handIns.leftOutText')}</p>
      <ul className="mt-2 grid gap-1">
        {of.leftOut.map(({ path, why }) => (
          <li key={path} className="flex flex-wrap items-baseline justify-between gap-x-3">
            <span className="min-w-0 break-all font-mono text-xs">{oneLine(path, 200)}</span>
            <span className="text-muted text-xs">{t(`handIns.leftOuts.${why}`)}</span>
          </li>
        ))}
      </ul>
      {of.leftOutCount > of.leftOut.length && (
        <p className="mt-2 text-muted text-xs">
          {t('handIns.leftOutMore', { count: of.leftOutCount - of.leftOut.length })}
        </p>
      )}
    </details>
  )
}

/** What somebody wants to see first: a file at the top that is not hidden, and not a link. */
function firstToRead(items: readonly SubmissionFile[]): SubmissionFile | undefined {
  const files = items.filter(({ type, sizeBytes }) => type === 'file' && sizeBytes > 0)
  return (
    files.find(({ path }) => !path.includes('/') && !path.startsWith('.')) ??
    files.find(({ path }) => !path.startsWith('.')) ??
    items[0]
  )
}

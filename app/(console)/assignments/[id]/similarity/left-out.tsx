'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Notice } from '../../../../components/ui/notice'
import { oneLine } from '../../../../lib/format'
import type { SimilarityReport } from '../../../../lib/protocol-similarity'

/** What a report says nothing about. */
export function LeftOut({ of }: { of: SimilarityReport }) {
  const t = useTranslations()
  return (
    <>
      {of.handInsLeftOut > 0 && (
        <Notice tone="warn">{t('similarity.handInsLeftOut', { count: of.handInsLeftOut })}</Notice>
      )}
      {of.shortCount > 0 && (
        <details className="rounded-lg border border-line bg-surface px-4 py-3">
          <summary className="rounded">{t('similarity.short', { count: of.shortCount })}</summary>
          <ul className="mt-2 flex flex-wrap gap-x-3 gap-y-1">
            {of.short.map(({ submission, student }) => (
              <li key={submission}>
                <Link href={`/submissions/${submission}`} className="underline underline-offset-2">
                  {oneLine(student.name)}
                </Link>
              </li>
            ))}
          </ul>
        </details>
      )}
      {of.skippedCount > 0 && (
        <details className="rounded-lg border border-line bg-surface px-4 py-3">
          <summary className="rounded">{t('similarity.skipped', { count: of.skippedCount })}</summary>
          <ul className="mt-2 grid gap-1">
            {of.skipped.map(({ submission, student, path, why }) => (
              <li
                key={`${submission} ${path}`}
                className="flex flex-wrap items-baseline justify-between gap-x-3"
              >
                <span className="min-w-0 break-all">
                  <Link href={`/submissions/${submission}`} className="underline underline-offset-2">
                    {oneLine(student.name)}
                  </Link>{' '}
                  <span className="font-mono text-xs">{oneLine(path, 200)}</span>
                </span>
                <span className="text-muted text-xs">{t(`similarity.skippedWhy.${why}`)}</span>
              </li>
            ))}
          </ul>
          {of.skippedCount > of.skipped.length && (
            <p className="mt-2 text-muted text-xs">
              {t('similarity.skippedMore', { count: of.skippedCount - of.skipped.length })}
            </p>
          )}
        </details>
      )}
    </>
  )
}

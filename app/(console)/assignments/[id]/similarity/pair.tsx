'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Notice } from '../../../../components/ui/notice'
import { PageHead, Panel } from '../../../../components/ui/panel'
import { Scroll } from '../../../../components/ui/scroll'
import { Failed, SkeletonRows } from '../../../../components/ui/states'
import { cn } from '../../../../lib/cn'
import { oneLine, percent } from '../../../../lib/format'
import {
  type SimilarFragment,
  type SimilarPairDetail,
  similarPairDetail,
} from '../../../../lib/protocol-similarity'
import { useResource } from '../../../../lib/resource'

/** What two hand-ins have in common: each fragment beside the other one, with what is in both marked. */
export function PairPage({ id, one, other }: { id: string; one: string; other: string }) {
  const t = useTranslations()
  const query = new URLSearchParams({ one, other })
  const { data, error, mutate } = useResource(
    `/assignments/${id}/similarity/pair?${query}`,
    similarPairDetail,
  )
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={5} />}</Panel>
    )
  }
  const [first, second] = [oneLine(data.one.student.name), oneLine(data.other.student.name)]
  return (
    <>
      <PageHead title={t('similarity.pair', { one: first, other: second })}>
        <Link href={`/assignments/${id}/similarity`} className="underline underline-offset-2">
          {t('similarity.back')}
        </Link>{' '}
        · {percent(data.similarity)}
      </PageHead>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
        <Notice tone="info">{t('similarity.noProof')}</Notice>
        {data.fragments.length === 0 && <p className="text-muted">{t('similarity.noFragments')}</p>}
        {data.fragments.map((fragment) => (
          <Panel
            key={`${fragment.one.path} ${fragment.one.from} ${fragment.other.path} ${fragment.other.from} ${fragment.tokens}`}
            title={t('similarity.fragment', { tokens: fragment.tokens })}
          >
            <div className="grid grid-cols-[minmax(0,1fr)] gap-3 p-3 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
              <Side of={data.one} fragment={fragment.one} />
              <Side of={data.other} fragment={fragment.other} />
            </div>
          </Panel>
        ))}
      </div>
    </>
  )
}

function Side({ of, fragment }: { of: SimilarPairDetail['one']; fragment: SimilarFragment['one'] }) {
  const t = useTranslations()
  const name = oneLine(of.student.name)
  const { from, to, start, lines } = fragment
  const place = t('similarity.linesOf', { path: oneLine(fragment.path, 120), from, to })
  return (
    <div className="min-w-0">
      <p className="mb-1 flex flex-wrap items-baseline justify-between gap-x-3">
        <Link
          href={`/submissions/${of.submission}`}
          aria-label={t('similarity.openHandIn', { name })}
          className="underline underline-offset-2"
        >
          {name}
        </Link>
        <span className="min-w-0 break-all font-mono text-muted text-xs">{place}</span>
      </p>
      <Scroll label={`${name}: ${place}`} className="max-h-[60vh]">
        <table className="w-full table-fixed font-mono text-xs leading-5 [&_td]:whitespace-pre-wrap [&_td]:break-words [&_td]:px-2 [&_td]:py-0">
          <colgroup>
            <col className="w-14" />
            <col />
          </colgroup>
          <thead className="sr-only">
            <tr>
              <th scope="col">{t('handIns.line')}</th>
              <th scope="col">{t('handIns.content')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => {
              const number = start + at
              const isShared = number >= from && number <= to
              return (
                <tr key={number} className="align-top">
                  <td className={cn('tabular select-none text-right text-muted', isShared && 'bg-warn-soft')}>
                    {number}
                  </td>
                  <td className={cn(isShared && 'bg-warn-soft')}>
                    {isShared && <span className="sr-only">{t('similarity.both')} </span>}
                    {line}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Scroll>
    </div>
  )
}

'use client'

import { ScanSearch } from 'lucide-react'
import Link from 'next/link'
import { useSearchParams } from 'next/navigation'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Notice } from '../../../../components/ui/notice'
import { PageHead, Panel, Table } from '../../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../../components/ui/states'
import { oneLine, percent } from '../../../../lib/format'
import {
  type SimilarityReport,
  type SimilarPair,
  similarityReport,
} from '../../../../lib/protocol-similarity'
import { useResource } from '../../../../lib/resource'
import { useFormat } from '../../../../lib/use-format'
import { LeftOut } from './left-out'
import { PairPage } from './pair'

/** Hand-ins for an assignment that have much in common, or two of them side by side. */
export function SimilarityPage({ id }: { id: string }) {
  const query = useSearchParams()
  const [one, other] = [query.get('one'), query.get('other')]
  return one !== null && other !== null ? <PairPage id={id} one={one} other={other} /> : <Report id={id} />
}

function Report({ id }: { id: string }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const { data, error, mutate } = useResource(`/assignments/${id}/similarity`, similarityReport)
  return (
    <>
      <PageHead title={t('similarity.title')}>
        <Link href={`/assignments/${id}?part=hand-ins`} className="underline underline-offset-2">
          {t('handIns.all')}
        </Link>
        {data && ` · ${t('similarity.at', { at: dateTime(data.at) })}`}
      </PageHead>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
        <Notice tone="info">{t('similarity.noProof')}</Notice>
        <Panel title={t('similarity.title')}>
          {!data &&
            (error ? (
              <Failed error={error} retry={() => mutate()} />
            ) : (
              <>
                <p role="status" className="px-4 pt-3 text-muted">
                  {t('similarity.computing')}
                </p>
                <SkeletonRows rows={4} />
              </>
            ))}
          {data && <Pairs id={id} of={data} />}
        </Panel>
        {data && <LeftOut of={data} />}
      </div>
    </>
  )
}

function Pairs({ id, of }: { id: string; of: SimilarityReport }) {
  const t = useTranslations()
  return (
    <>
      <p className="border-line border-b px-4 py-2 text-muted">
        {t('similarity.compared', { count: of.compared })} {t('similarity.what')}
      </p>
      {of.pairs.length === 0 && (
        <Empty icon={ScanSearch} title={t('similarity.none')}>
          {t('similarity.noneText')}
        </Empty>
      )}
      {of.pairs.length > 0 && (
        <Table
          label={t('similarity.title')}
          head={[
            ...[t('similarity.similar'), t('similarity.one'), t('similarity.other'), t('similarity.longest')],
            `·${t('handIns.actions')}`,
          ]}
        >
          {of.pairs.map((pair) => (
            <PairRow key={`${pair.one.submission} ${pair.other.submission}`} id={id} pair={pair} />
          ))}
        </Table>
      )}
      {of.pairCount > of.pairs.length && (
        <p className="border-line border-t px-4 py-2 text-muted">
          {t('similarity.more', { count: of.pairCount - of.pairs.length })}
        </p>
      )}
    </>
  )
}

function PairRow({ id, pair }: { id: string; pair: SimilarPair }) {
  const t = useTranslations()
  const { one, other, similarity, longest } = pair
  const query = new URLSearchParams({ one: one.submission, other: other.submission })
  const [first, second] = [oneLine(one.student.name), oneLine(other.student.name)]
  return (
    <tr>
      <td className="tabular font-medium">{percent(similarity)}</td>
      <SideCell of={one} />
      <SideCell of={other} />
      <td className="tabular">{t('similarity.fragment', { tokens: longest })}</td>
      <td>
        <div className="flex justify-end">
          <Button asChild size="small">
            <Link
              href={`/assignments/${id}/similarity?${query}`}
              aria-label={t('similarity.compareOf', { one: first, other: second })}
            >
              {t('similarity.compare')}
            </Link>
          </Button>
        </div>
      </td>
    </tr>
  )
}

function SideCell({ of: { submission, student, share } }: { of: SimilarPair['one'] }) {
  const t = useTranslations()
  return (
    <td>
      <Link href={`/submissions/${submission}`} className="underline underline-offset-2">
        {oneLine(student.name)}
      </Link>
      <span className="block text-muted text-xs">{t('similarity.shareOf', { share: percent(share) })}</span>
    </td>
  )
}

'use client'

import { History as HistoryIcon, Search } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useState } from 'react'
import useSWRInfinite from 'swr/infinite'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Language, languageList, listOf } from '../../lib/protocol'
import { type RunSummary, runSummary } from '../../lib/protocol-runs'
import { useResource } from '../../lib/resource'
import { useSettled } from '../../lib/use-settled'
import type { Translate } from '../../messages/texts'
import { filterQuery, HistoryFilter, noFilter } from './history-filter'
import { languageTitle } from './language'
import { RunBadge } from './status'

const runList = listOf(runSummary)
type Page = z.infer<typeof runList>
const noLanguages: readonly Language[] = []

/** The tenant's runs, newest first. `news` changes when there is one more, or one has ended. */
export function History({ news }: { news: number }) {
  const t = useTranslations()
  const [typed, setTyped] = useState('')
  const [filter, setFilter] = useState(noFilter)
  const languages = useResource('/languages', languageList).data?.items ?? noLanguages
  const search = useSettled(typed)
  const query = filterQuery(filter, search)
  const pathOf = (index: number, before: Page | null) => {
    if (index > 0 && !before?.nextCursor) return null
    const wanted = new URLSearchParams({ limit: '20', ...query })
    if (before?.nextCursor) wanted.set('cursor', before.nextCursor)
    return `/runs?${wanted}`
  }
  const pages = useSWRInfinite<Page, Error>(pathOf, (path: string) => call(runList, path), {
    ...{ revalidateFirstPage: true, refreshInterval: 10_000, keepPreviousData: true },
  })
  const { mutate } = pages
  useEffect(() => {
    if (news > 0) void mutate()
  }, [news, mutate])
  const runs = pages.data?.flatMap(({ items }) => items)
  const clear = () => {
    setTyped('')
    setFilter(noFilter)
  }
  return (
    <Panel title={t('runs.history')} className="mt-5">
      <HistoryFilter
        filter={filter}
        typed={typed}
        languages={languages}
        onType={setTyped}
        onChange={setFilter}
      />
      {!runs &&
        (pages.error ? <Failed error={pages.error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
      {runs?.length === 0 &&
        (Object.keys(query).length > 0 ? (
          <Empty
            icon={Search}
            title={t('runs.noneMatch')}
            action={<Button onClick={clear}>{t('runs.clearFilters')}</Button>}
          />
        ) : (
          <Empty icon={HistoryIcon} title={t('runs.none')}>
            {t('runs.noneText')}
          </Empty>
        ))}
      {runs && runs.length > 0 && (
        <Table
          label={t('pages.runs')}
          head={[
            ...[t('pages.run'), t('runs.result'), t('runs.language'), t('runs.cases')],
            ...[t('runs.metadata'), t('runs.createdBy'), t('runs.age')],
          ]}
        >
          {runs.map((run) => (
            <Line key={run.id} run={run} languages={languages} />
          ))}
        </Table>
      )}
      {pages.data?.at(-1)?.nextCursor && (
        <div className="border-line border-t p-2 text-center">
          <Button look="quiet" busy={pages.isValidating} onClick={() => pages.setSize(pages.size + 1)}>
            {t('runs.loadMore')}
          </Button>
        </div>
      )}
    </Panel>
  )
}

/** What a run is called: the `name` of its metadata, or what it ran. */
function nameOf(
  { metadata, language, template }: RunSummary,
  languages: readonly Language[],
  t: Translate,
): string {
  const given = oneLine(metadata.name ?? '', 60)
  if (given !== '') return given
  return language === null
    ? t('runs.commandIn', { template })
    : t('runs.ofLanguage', { language: languageTitle(language, languages) })
}

function Line({ run, languages }: { run: RunSummary; languages: readonly Language[] }) {
  const t = useTranslations()
  const about = Object.entries(run.metadata)
    .filter(([name]) => name !== 'name')
    .map(([name, value]) => `${name}: ${value}`)
  return (
    <tr>
      <th scope="row" className="max-w-64 px-4 py-2.5 text-left font-normal">
        <Link
          href={`/runs/${run.id}`}
          className="block truncate rounded font-medium underline decoration-edge underline-offset-2"
        >
          {nameOf(run, languages, t)}
        </Link>
        <span className="font-mono text-muted text-xs">{run.id}</span>
      </th>
      <td>
        <RunBadge state={run.state} status={run.status} />
      </td>
      <td className="whitespace-nowrap">
        {run.language === null ? run.template : languageTitle(run.language, languages)}
      </td>
      <td className="tabular whitespace-nowrap">
        {run.casesTotal === null
          ? '–'
          : t('runs.of', { passed: String(run.casesPassed ?? 0), total: String(run.casesTotal) })}
      </td>
      <td className="max-w-48 truncate text-muted text-xs">{oneLine(about.join(', '), 200) || '–'}</td>
      <td className="max-w-40 truncate text-muted text-xs">{oneLine(run.createdBy ?? '–', 254)}</td>
      <td className="whitespace-nowrap text-muted text-xs">
        <Age since={run.createdAt} />
      </td>
    </tr>
  )
}

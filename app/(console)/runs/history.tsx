'use client'

import { History as HistoryIcon, Search } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useState } from 'react'
import useSWRInfinite from 'swr/infinite'
import type { z } from 'zod'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { listOf, type RunSummary, runSummary } from '../../lib/protocol'
import { RunBadge } from './status'

const runList = listOf(runSummary)
type Page = z.infer<typeof runList>

/** From the last key to the question. */
const typingMs = 300

/** The tenant's runs, newest first. `news` changes when there is one more, or one has ended. */
export function History({ news }: { news: number }) {
  const [typed, setTyped] = useState('')
  const [search, setSearch] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  const pathOf = (index: number, before: Page | null) => {
    if (index > 0 && !before?.nextCursor) return null
    const query = new URLSearchParams({ limit: '20' })
    if (search) query.set('search', search)
    if (before?.nextCursor) query.set('cursor', before.nextCursor)
    return `/runs?${query}`
  }
  const pages = useSWRInfinite<Page, Error>(pathOf, (path: string) => call(runList, path), {
    ...{ revalidateFirstPage: true, refreshInterval: 10_000, keepPreviousData: true },
  })
  const { mutate } = pages
  useEffect(() => {
    if (news > 0) void mutate()
  }, [news, mutate])
  const runs = pages.data?.flatMap(({ items }) => items)
  return (
    <Panel title="History" className="mt-5">
      <div className="relative border-line border-b p-2">
        <Search
          aria-hidden
          className="pointer-events-none absolute top-1/2 left-4.5 size-4 -translate-y-1/2 text-muted"
        />
        <Field
          bare
          label="Search by id, language or metadata"
          placeholder="Search"
          type="search"
          maxLength={128}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          className="pl-8"
        />
      </div>
      {!runs &&
        (pages.error ? <Failed error={pages.error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
      {runs?.length === 0 &&
        (search ? (
          <Empty
            icon={Search}
            title="Nothing matches"
            action={<Button onClick={() => setTyped('')}>Clear</Button>}
          />
        ) : (
          <Empty icon={HistoryIcon} title="No runs yet">
            What runs here, from the command line or through the API leaves a line here, until it expires.
          </Empty>
        ))}
      {runs && runs.length > 0 && (
        <Table label="Runs" head={['Run', 'Result', 'Language', 'Cases', 'About', 'Age']}>
          {runs.map((run) => (
            <Line key={run.id} run={run} />
          ))}
        </Table>
      )}
      {pages.data?.at(-1)?.nextCursor && (
        <div className="border-line border-t p-2 text-center">
          <Button look="quiet" busy={pages.isValidating} onClick={() => pages.setSize(pages.size + 1)}>
            Load more
          </Button>
        </div>
      )}
    </Panel>
  )
}

function Line({ run }: { run: RunSummary }) {
  const about = Object.entries(run.metadata).map(([name, value]) => `${name}: ${value}`)
  return (
    <tr>
      <th scope="row" className="whitespace-nowrap px-4 py-2.5 font-mono font-normal text-xs">
        <Link href={`/runs/${run.id}`} className="rounded underline decoration-edge underline-offset-2">
          {run.id}
        </Link>
      </th>
      <td>
        <RunBadge state={run.state} status={run.status} />
      </td>
      <td className="whitespace-nowrap">{run.language ?? run.template}</td>
      <td className="tabular whitespace-nowrap">
        {run.casesTotal === null ? '–' : `${run.casesPassed ?? 0} of ${run.casesTotal}`}
      </td>
      <td className="max-w-56 truncate text-muted text-xs">{oneLine(about.join(', '), 200) || '–'}</td>
      <td className="whitespace-nowrap text-muted text-xs">
        <Age since={run.createdAt} />
      </td>
    </tr>
  )
}

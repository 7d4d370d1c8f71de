'use client'

import { ScrollText } from 'lucide-react'
import useSWRInfinite from 'swr/infinite'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { call } from '../../lib/api'
import { dateTime, oneLine } from '../../lib/format'
import { type AuditEvent, auditEvent, listOf } from '../../lib/protocol'

const auditList = listOf(auditEvent)
type Page = z.infer<typeof auditList>

function pagePath(index: number, before: Page | null): string | null {
  if (index === 0) return '/audit?limit=50'
  return before?.nextCursor ? `/audit?limit=50&cursor=${encodeURIComponent(before.nextCursor)}` : null
}

export function Audit() {
  const pages = useSWRInfinite<Page, Error>(pagePath, (path: string) => call(auditList, path), {
    revalidateFirstPage: true,
  })
  const events = pages.data?.flatMap(({ items }) => items)
  return (
    <>
      <PageHead title="Audit">Every change in this tenant: who, what and when</PageHead>
      <Panel>
        {!events &&
          (pages.error ? (
            <Failed error={pages.error} retry={() => pages.mutate()} />
          ) : (
            <SkeletonRows rows={8} />
          ))}
        {events?.length === 0 && (
          <Empty icon={ScrollText} title="Nothing has happened yet">
            Sandboxes made and deleted, members, keys: each change leaves a line here.
          </Empty>
        )}
        {events && events.length > 0 && (
          <Table label="Audit events" head={['When', 'Who', 'What', 'On', 'Detail']}>
            {events.map((event) => (
              <Line key={event.id} event={event} />
            ))}
          </Table>
        )}
        {pages.data?.at(-1)?.nextCursor && (
          <div className="border-line border-t p-2 text-center">
            <Button look="quiet" busy={pages.isValidating} onClick={() => pages.setSize(pages.size + 1)}>
              Show older
            </Button>
          </div>
        )}
      </Panel>
    </>
  )
}

function Line({ event }: { event: AuditEvent }) {
  const detail = Object.entries(event.detail).map(([name, value]) => `${name}: ${plain(value)}`)
  return (
    <tr className="align-top">
      <td className="tabular whitespace-nowrap text-muted">{dateTime(event.at)}</td>
      <td className="max-w-56 truncate">{oneLine(event.actor, 254)}</td>
      <td className="whitespace-nowrap font-medium">{event.action}</td>
      <td className="whitespace-nowrap font-mono text-xs leading-5">
        {event.target ? oneLine(event.target) : '–'}
      </td>
      <td className="min-w-48 text-muted text-xs leading-5">{oneLine(detail.join(', '), 300)}</td>
    </tr>
  )
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

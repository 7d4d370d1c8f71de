'use client'

import { Download, ScrollText, Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import useSWRInfinite from 'swr/infinite'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { call } from '../../lib/api'
import { invitation, listOf, member } from '../../lib/protocol'
import { auditEvent } from '../../lib/protocol-audit'
import { apiKey } from '../../lib/protocol-keys'
import { useResource } from '../../lib/resource'
import { useSettled } from '../../lib/use-settled'
import { AuditFilterBar, auditQueryOf, noFilter } from './audit-filter'
import { EventLine } from './event-line'

const auditList = listOf(auditEvent)
type Page = z.infer<typeof auditList>
const memberList = z.object({ members: z.array(member), invitations: z.array(invitation) })
const keyList = z.object({ keys: z.array(apiKey) })

export function Audit() {
  const t = useTranslations()
  const [typed, setTyped] = useState('')
  const [filter, setFilter] = useState(noFilter)
  const actor = useSettled(typed)
  // One moment for each filter: a new one each time it is drawn would be asked for each time.
  const query = useMemo(() => auditQueryOf(filter, actor, Date.now()), [filter, actor])
  const pathOf = (index: number, before: Page | null) => {
    if (index > 0 && !before?.nextCursor) return null
    const wanted = new URLSearchParams({ limit: '50', ...query })
    if (before?.nextCursor) wanted.set('cursor', before.nextCursor)
    return `/audit?${wanted}`
  }
  const pages = useSWRInfinite<Page, Error>(pathOf, (path: string) => call(auditList, path), {
    ...{ revalidateFirstPage: true, keepPreviousData: true },
  })
  const { names, existing } = useKnown()
  const events = pages.data?.flatMap(({ items }) => items)
  const filtered = Object.keys(query).length > 0
  const clear = () => {
    setTyped('')
    setFilter(noFilter)
  }
  return (
    <>
      <PageHead
        title={t('pages.audit')}
        action={
          <Button asChild>
            <a href={`/api/v1/audit.csv?${new URLSearchParams(query)}`} download>
              <Download aria-hidden />
              {t('audit.exportCsv')}
            </a>
          </Button>
        }
      >
        {t('audit.audience')}
      </PageHead>
      <Panel>
        <AuditFilterBar filter={filter} typed={typed} onType={setTyped} onChange={setFilter} />
        {!events &&
          (pages.error ? (
            <Failed error={pages.error} retry={() => pages.mutate()} />
          ) : (
            <SkeletonRows rows={8} />
          ))}
        {events?.length === 0 &&
          (filtered ? (
            <Empty
              icon={Search}
              title={t('audit.noneMatch')}
              action={<Button onClick={clear}>{t('audit.clearFilters')}</Button>}
            />
          ) : (
            <Empty icon={ScrollText} title={t('audit.none')}>
              {t('audit.noneText')}
            </Empty>
          ))}
        {events && events.length > 0 && (
          <Table label={t('audit.events')} head={[t('audit.event'), t('audit.by'), t('audit.time')]}>
            {events.map((event) => (
              <EventLine key={event.id} event={event} name={names.get(event.actor)} existing={existing} />
            ))}
          </Table>
        )}
        {pages.data?.at(-1)?.nextCursor && (
          <div className="border-line border-t p-2 text-center">
            <Button look="quiet" busy={pages.isValidating} onClick={() => pages.setSize(pages.size + 1)}>
              {t('audit.showOlder')}
            </Button>
          </div>
        )}
      </Panel>
    </>
  )
}

/** The names of the tenant's people by address, and which keys and invitations still exist. */
function useKnown() {
  const members = useResource('/members', memberList).data
  const keys = useResource('/keys', keyList).data
  return useMemo(
    () => ({
      names: new Map(members?.members.map(({ email, name }) => [email, name])),
      existing: {
        keys: new Set(keys?.keys.map(({ id }) => id)),
        invitations: new Set(members?.invitations.map(({ id }) => id)),
      },
    }),
    [members, keys],
  )
}

'use client'

import { ClipboardList } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { ClassTime } from '../../../components/assignments/class-time'
import { AssignmentBadge } from '../../../components/assignments/state'
import { Panel, Table } from '../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { oneLine } from '../../../lib/format'
import { assignmentList } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'

/** The assignments of a class that a student sees. */
export function OwnAssignments({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const { data, error, mutate } = useResource(`/classes/${of.id}/assignments`, assignmentList)
  return (
    <Panel title={t('assignments.title')}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data?.items.length === 0 && (
        <Empty icon={ClipboardList} title={t('assignments.none')}>
          {t('assignments.noneStudent')}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table
          label={t('assignments.title')}
          head={[t('assignments.name'), t('assignments.state'), t('assignments.due')]}
        >
          {data.items.map((one) => (
            <tr key={one.id}>
              <td className="font-medium">
                <Link href={`/assignments/${one.id}`} className="underline underline-offset-2">
                  {oneLine(one.title, 120)}
                </Link>
              </td>
              <td>
                <AssignmentBadge state={one.state} />
              </td>
              <td>{one.dueAt ? <ClassTime time={one.dueAt} /> : t('assignments.neverDue')}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

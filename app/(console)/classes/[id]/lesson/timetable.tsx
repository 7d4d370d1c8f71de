import { CalendarClock, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Panel, Table } from '../../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../../components/ui/states'
import { useToast } from '../../../../components/ui/toast'
import { call } from '../../../../lib/api'
import { oneLine } from '../../../../lib/format'
import { assignmentList } from '../../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../../lib/protocol-classes'
import {
  type SetTimetable,
  type TimetableLesson,
  timetable,
  timetableBounds,
} from '../../../../lib/protocol-lessons'
import { useResource } from '../../../../lib/resource'
import { useFormat } from '../../../../lib/use-format'
import { TimetableDialog } from './timetable-dialog'

/** What waits for a lesson changes while it is made. */
const everyMs = 5000

/** When lessons of a class are, and whether everything waits for the next one. */
export function Timetable({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const toast = useToast()
  const [isAdding, setAdding] = useState(false)
  const path = `/classes/${of.id}/timetable`
  const { data, error, mutate } = useResource(path, timetable, { everyMs })
  const assignments = useResource(`/classes/${of.id}/assignments`, assignmentList)
  const titles = new Map(assignments.data?.items.map(({ id, title }) => [id, title]))
  const teaches = of.role !== 'assistant' && !of.archived
  const set = async (lessons: SetTimetable['lessons']) => {
    await mutate(await call(timetable, path, { method: 'PUT', body: { lessons } }), { revalidate: false })
  }
  const remove = (id: string) => {
    const rest = (data?.lessons ?? []).filter((one) => one.id !== id)
    void set(rest.map(plain)).catch((failure: unknown) => toast.failed(failure))
  }
  const rows = data?.lessons.map((one) => (
    <Row
      key={one.id}
      one={one}
      what={one.assignment === null ? (one.template ?? '') : (titles.get(one.assignment) ?? '')}
      onRemove={teaches ? () => remove(one.id) : undefined}
    />
  ))
  return (
    <Panel
      title={t('timetable.title')}
      action={
        teaches && (
          <Button
            size="small"
            disabled={(rows?.length ?? timetableBounds.lessons) >= timetableBounds.lessons}
            onClick={() => setAdding(true)}
          >
            {t('timetable.add')}
          </Button>
        )
      }
    >
      {rows === undefined ? (
        error ? (
          <Failed error={error} retry={() => mutate()} />
        ) : (
          <SkeletonRows rows={2} />
        )
      ) : rows.length === 0 ? (
        <Empty icon={CalendarClock} title={t('timetable.none')}>
          {t('timetable.noneText', { minutes: timetableBounds.leadMinutes })}
        </Empty>
      ) : (
        <Table
          label={t('timetable.title')}
          head={[t('timetable.when'), t('timetable.next'), t('timetable.ready'), `·${t('timetable.remove')}`]}
        >
          {rows}
        </Table>
      )}
      <TimetableDialog
        open={isAdding}
        onOpenChange={setAdding}
        assignments={assignments.data?.items ?? []}
        onAdd={(one) => set([...(data?.lessons ?? []).map(plain), one])}
      />
    </Panel>
  )
}

const plain = ({ day, at, minutes, assignment, template }: TimetableLesson) => ({
  ...{ day, at, minutes, assignment, template },
})

function Row({
  one,
  what,
  onRemove,
}: {
  one: TimetableLesson
  what: string
  onRemove: (() => void) | undefined
}) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const when = `${t(`timetable.days.${one.day}`)} ${one.at}`
  return (
    <tr>
      <td>
        {when}
        <span className="text-muted">{` · ${oneLine(what, 120)}`}</span>
      </td>
      <td className="text-muted">{dateTime(one.nextAt)}</td>
      <td>
        {one.warm === null ? (
          <span className="text-muted">{t('timetable.later')}</span>
        ) : (
          t('timetable.readyOf', { ready: one.warm.ready, wanted: one.warm.wanted })
        )}
        {one.warm?.problem && (
          <span className="block text-warn text-xs">{t(`timetable.problems.${one.warm.problem}`)}</span>
        )}
      </td>
      <td>
        {onRemove !== undefined && (
          <Button look="quiet" size="icon" aria-label={t('timetable.removeOne', { when })} onClick={onRemove}>
            <X />
          </Button>
        )}
      </td>
    </tr>
  )
}

'use client'

import { CalendarClock, Plus } from 'lucide-react'
import { useRouter, useSearchParams } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { sandboxList } from '../../lib/protocol'
import { type Schedule, schedule, scheduleList } from '../../lib/protocol-schedules'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { type About, ScheduleDialog } from './schedule-dialog'
import { ScheduleRow } from './schedule-row'

/** What is done at times of day, and what came of it. With `?sandbox=` only what is done to one sandbox. */
export function Schedules() {
  const t = useTranslations()
  const toast = useToast()
  const explain = useExplain()
  const router = useRouter()
  const only = useSearchParams().get('sandbox')
  const path = `/schedules?limit=200${only === null ? '' : `&sandbox=${encodeURIComponent(only)}`}`
  const { data, error, mutate } = useResource(path, scheduleList, { everyMs: 5000 })
  const sandboxes = useResource('/sandboxes?limit=200', sandboxList)
  const [edited, setEdited] = useState<About | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const names = new Map(sandboxes.data?.items.map(({ id, name }) => [id, oneLine(name)]))
  const create = (
    <Button look="primary" onClick={() => setEdited(only === null ? {} : { sandbox: only })}>
      <Plus aria-hidden />
      {t('schedules.new')}
    </Button>
  )
  const act = async (done: string, run: () => Promise<unknown>) => {
    try {
      await run()
      toast.done(done)
      await mutate()
    } catch (failure) {
      toast.failed(new Error(explain(failure)))
    }
  }
  const runNow = ({ id, name }: Schedule) =>
    act(t('schedules.runs', { name: oneLine(name) }), () =>
      call(schedule, `/schedules/${id}/run`, { method: 'POST', body: {} }),
    )
  const turn = ({ id, name, enabled }: Schedule) =>
    act(t(enabled ? 'schedules.turnedOff' : 'schedules.turnedOn', { name: oneLine(name) }), () =>
      call(schedule, `/schedules/${id}`, { method: 'PATCH', body: { enabled: !enabled } }),
    )
  const remove = ({ id, name }: Schedule) =>
    setQuestion({
      title: t('schedules.askDelete', { name: oneLine(name) }),
      text: t('schedules.askDeleteText'),
      action: t('schedules.delete'),
      run: async () => {
        await order(`/schedules/${id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  return (
    <>
      <PageHead title={t('pages.schedules')} action={data && data.items.length > 0 && create}>
        {only === null ? t('schedules.text') : t('schedules.textOf', { sandbox: names.get(only) ?? only })}
      </PageHead>
      {only !== null && (
        <Button look="quiet" className="mb-3" onClick={() => router.replace('/schedules')}>
          {t('schedules.all')}
        </Button>
      )}
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.items.length === 0 && (
          <Empty icon={CalendarClock} title={t('schedules.none')} action={create}>
            {t('schedules.noneText')}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <Table
            label={t('pages.schedules')}
            head={[
              t('schedules.name'),
              t('schedules.action'),
              t('schedules.when'),
              t('schedules.next'),
              t('schedules.last'),
              `·${t('schedules.menu')}`,
            ]}
          >
            {data.items.map((one) => (
              <ScheduleRow
                key={one.id}
                schedule={one}
                sandbox={one.sandbox === null ? undefined : (names.get(one.sandbox) ?? one.sandbox)}
                onRun={() => void runNow(one)}
                onEdit={() => setEdited(one)}
                onTurn={() => void turn(one)}
                onDelete={() => remove(one)}
              />
            ))}
          </Table>
        )}
      </Panel>
      <ScheduleDialog about={edited} onClose={() => setEdited(null)} onDone={() => void mutate()} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

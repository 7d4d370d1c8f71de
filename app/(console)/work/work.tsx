'use client'

import { ListChecks } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { ClassTime } from '../../components/assignments/class-time'
import { Progress } from '../../components/assignments/progress'
import { AssignmentBadge } from '../../components/assignments/state'
import { GradeBadge, Points } from '../../components/hand-ins/standing'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { oneLine } from '../../lib/format'
import { type OwnWork, ownWorkList } from '../../lib/protocol-assignments'
import { useResource } from '../../lib/resource'
import { useSession } from '../../lib/session'

const refreshMs = 60_000

/** In this order: what can be done now, what comes, what is over. */
const parts = [
  { part: 'now', states: ['open', 'late'] },
  { part: 'later', states: ['scheduled'] },
  { part: 'over', states: ['closed'] },
] as const

/** What a student has to do in all their classes. */
export function Work() {
  const t = useTranslations()
  const student = useSession().tenant.role === 'student'
  const { data, error, mutate } = useResource(student ? '/work' : null, ownWorkList, { everyMs: refreshMs })
  const items = student ? data?.items : []
  return (
    <div className="grid gap-5">
      <PageHead title={t('pages.work')}>{t('work.text')}</PageHead>
      {items === undefined && (
        <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />}</Panel>
      )}
      {items?.length === 0 && (
        <Panel>
          <Empty
            icon={ListChecks}
            title={t(student ? 'work.none' : 'work.staff')}
            action={
              <Button asChild>
                <Link href="/classes">{t('work.toClasses')}</Link>
              </Button>
            }
          >
            {t(student ? 'work.noneText' : 'work.staffText')}
          </Empty>
        </Panel>
      )}
      <TimeShown items={items ?? []} />
      {parts.map(({ part, states }) => {
        const those = items?.filter(({ state }) => states.some((one) => one === state)) ?? []
        return those.length > 0 && <Part key={part} title={t(`work.parts.${part}`)} items={those} />
      })}
    </div>
  )
}

/** Of which classes the staff sees how long they work. */
function TimeShown({ items }: { items: readonly OwnWork[] }) {
  const t = useTranslations()
  const names = new Map(items.filter((one) => one.timeShown).map(({ class: { id, name } }) => [id, name]))
  if (names.size === 0) return null
  const classes = [...names.values()].map((name) => oneLine(name)).join(t('common.comma'))
  return <Notice tone="info">{t('privacy.timeShownIn', { classes })}</Notice>
}

function Part({ title, items }: { title: string; items: readonly OwnWork[] }) {
  const t = useTranslations()
  const head = [
    t('work.assignment'),
    t('assignments.due'),
    t('assignments.state'),
    t('work.progress'),
    t('handIns.points'),
  ]
  return (
    <Panel title={title}>
      <Table label={title} head={[...head, `·${t('work.workspace')}`]}>
        {items.map((one) => (
          <Line key={one.assignment} one={one} />
        ))}
      </Table>
    </Panel>
  )
}

function Line({ one }: { one: OwnWork }) {
  const t = useTranslations()
  const { sandbox } = one.work
  const title = oneLine(one.title, 120)
  return (
    <tr>
      <td>
        <Link href={`/assignments/${one.assignment}`} className="font-medium underline underline-offset-2">
          {title}
        </Link>
        <span className="block text-muted text-xs">{oneLine(one.class.name)}</span>
      </td>
      <td>
        {one.state === 'scheduled' && one.opensAt && (
          <span className="block">
            {t('assignments.opens')}: <ClassTime time={one.opensAt} />
          </span>
        )}
        {one.dueAt ? <ClassTime time={one.dueAt} /> : t('assignments.neverDue')}
        {one.extended && <span className="block text-accent text-xs">{t('work.extended')}</span>}
      </td>
      <td>
        <AssignmentBadge state={one.state} />
      </td>
      <td className="whitespace-nowrap">
        <Progress work={one.work} />
      </td>
      <td>
        <Earned one={one} />
      </td>
      <td className="text-right">
        {sandbox && (
          <Button asChild size="small">
            <Link href={`/sandboxes/${sandbox}`} aria-label={t('work.continueOf', { title })}>
              {t('work.continue')}
            </Link>
          </Button>
        )}
      </td>
    </tr>
  )
}

/** Points with the way to why, or how it stands with them. */
function Earned({ one: { title, grade, assignment } }: { one: OwnWork }) {
  const t = useTranslations()
  const { submission, points, maxPoints } = grade
  if (submission === null && points === null) return <span className="text-muted">–</span>
  if (points === null) return <GradeBadge of={grade} />
  return (
    <>
      <Points points={points} of={maxPoints} />
      <Link
        href={submission === null ? `/assignments/${assignment}` : `/submissions/${submission}`}
        aria-label={t('work.whyOf', { title: oneLine(title, 120) })}
        className="ml-2 text-xs underline underline-offset-2"
      >
        {t('work.why')}
      </Link>
    </>
  )
}

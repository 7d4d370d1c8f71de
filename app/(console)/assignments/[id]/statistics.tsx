'use client'

import { useTranslations } from 'use-intl'
import { Panel, Table } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { oneLine } from '../../../lib/format'
import type { Assignment } from '../../../lib/protocol-assignments'
import { type AssignmentStatistics, assignmentStatistics } from '../../../lib/protocol-statistics'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'
import { Bar, Quartiles } from './statistics-bars'
import { TimePart } from './statistics-time'

const refreshMs = 30_000

/** Where the class is stuck in an assignment, and how long it takes. */
export function StatisticsPart({ of }: { of: Assignment }) {
  const { data, error, mutate } = useResource(`/assignments/${of.id}/statistics`, assignmentStatistics, {
    everyMs: refreshMs,
  })
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={5} />}</Panel>
    )
  }
  return (
    <>
      <Counts of={data} />
      <Points of={data.points} />
      {data.steps.some(({ checked }) => checked) && <Steps of={data} />}
      {data.tests.length > 0 && <Tests of={data} />}
      {data.tests.length > 0 && <Errors of={data.errors} />}
      <TimePart of={data.time} />
    </>
  )
}

function Counts({ of }: { of: AssignmentStatistics }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <Panel title={t('statistics.title')}>
      <Table label={t('statistics.title')} head={[t('statistics.what'), t('statistics.students'), chart(t)]}>
        {(['began', 'handedIn', 'graded'] as const).map((what) => (
          <tr key={what}>
            <td className="font-medium">{t(`statistics.${what}`)}</td>
            <td className="tabular whitespace-nowrap">
              {t('statistics.ofStudents', { count: number(of[what]), all: number(of.students) })}
            </td>
            <td className="w-1/2">
              <Bar value={of[what]} of={of.students} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}

function Points({ of }: { of: AssignmentStatistics['points'] }) {
  const t = useTranslations()
  const { number } = useFormat()
  const most = Math.max(1, ...(of?.bins.map(({ students }) => students) ?? []))
  return (
    <Panel title={t('statistics.points')}>
      {of === null && <p className="px-4 py-3 text-muted">{t('statistics.few')}</p>}
      {of && (
        <>
          <Quartiles of={of} />
          <Table
            label={t('statistics.points')}
            head={[t('statistics.pointsFromTo'), t('statistics.students'), chart(t)]}
          >
            {of.bins.map(({ from, to, students }) => (
              <tr key={from}>
                <td className="tabular whitespace-nowrap">
                  {t('statistics.fromTo', { from: number(from), to: number(to) })}
                </td>
                <td className="tabular">{number(students)}</td>
                <td className="w-1/2">
                  <Bar value={students} of={most} />
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </Panel>
  )
}

function Steps({ of }: { of: AssignmentStatistics }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <Panel title={t('statistics.steps')}>
      <Table
        label={t('statistics.steps')}
        head={[t('statistics.step'), t('statistics.haveIt'), t('statistics.lastFailed'), chart(t)]}
      >
        {of.steps
          .filter(({ checked }) => checked)
          .map(({ id, title, passed, failed }) => (
            <tr key={id}>
              <td>{oneLine(title, 200)}</td>
              <td className="tabular whitespace-nowrap">
                {t('statistics.ofStudents', { count: number(passed), all: number(of.began) })}
              </td>
              <td className="tabular">{number(failed)}</td>
              <td className="w-1/3">
                <Bar value={passed} bad={failed} of={of.began} />
              </td>
            </tr>
          ))}
      </Table>
    </Panel>
  )
}

function Tests({ of }: { of: AssignmentStatistics }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <Panel title={t('statistics.tests')}>
      <p className="px-4 pt-3 text-muted">{t('statistics.latest')}</p>
      <Table
        label={t('statistics.tests')}
        head={[
          ...[t('statistics.test'), t('statistics.pass'), t('statistics.fail'), t('statistics.noResult')],
          chart(t),
        ]}
      >
        {of.tests.map(({ id, name, passed, failed, unknown }) => (
          <tr key={id}>
            <td>{oneLine(name, 200)}</td>
            <td className="tabular">{number(passed)}</td>
            <td className="tabular">{number(failed)}</td>
            <td className="tabular">{number(unknown)}</td>
            <td className="w-1/3">
              <Bar value={passed} bad={failed} of={of.handedIn} />
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}

function Errors({ of }: { of: AssignmentStatistics['errors'] }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <Panel title={t('statistics.errors')}>
      {of.length === 0 && <p className="px-4 py-3 text-muted">{t('statistics.noErrors')}</p>}
      {of.length > 0 && (
        <Table label={t('statistics.errors')} head={[t('statistics.error'), t('statistics.students')]}>
          {of.map(({ text, students, example }) => (
            <tr key={text}>
              <td>
                <code className="block break-words font-mono text-xs">{oneLine(text, 200)}</code>
                {example !== text && (
                  <span className="mt-1 block break-words text-muted text-xs">
                    {t('statistics.example', { text: oneLine(example, 200) })}
                  </span>
                )}
              </td>
              <td className="tabular">{number(students)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  )
}

/** The head of a column of bars, which say what the numbers beside them say. */
const chart = (t: ReturnType<typeof useTranslations<never>>) => `·${t('statistics.chart')}`

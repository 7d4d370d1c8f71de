'use client'

import { GraduationCap } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import useSWRInfinite from 'swr/infinite'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { ClassTime } from '../../../components/assignments/class-time'
import { Progress } from '../../../components/assignments/progress'
import { Button } from '../../../components/ui/button'
import { SelectField } from '../../../components/ui/field'
import { Panel, Table } from '../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { type StudentWork, studentWorkList } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useFormat } from '../../../lib/use-format'
import type { PartProps } from './change'
import { ExtensionDialog } from './extension-dialog'
import { StepCounts } from './step-counts'

type Page = z.infer<typeof studentWorkList>

const refreshMs = 10_000
const pageSize = 500

/** What the students of the class have of an assignment. */
export function StudentsPart({ of, teaches, onChange, school }: PartProps & { school: ClassDescription }) {
  const t = useTranslations()
  const [section, setSection] = useState('')
  const [extended, setExtended] = useState<StudentWork | null>(null)
  const pathOf = (index: number, before: Page | null) => {
    if (index > 0 && !before?.nextCursor) return null
    const cursor = before?.nextCursor ? `&cursor=${encodeURIComponent(before.nextCursor)}` : ''
    return `/assignments/${of.id}/work?limit=${pageSize}${cursor}`
  }
  const pages = useSWRInfinite<Page, Error>(pathOf, (path: string) => call(studentWorkList, path), {
    ...{ revalidateFirstPage: true, keepPreviousData: true, refreshInterval: refreshMs },
  })
  const all = pages.data?.flatMap(({ items }) => items)
  const items = all?.filter((one) => section === '' || one.section === section)
  const begun = items?.filter(({ state }) => state === 'started').length ?? 0
  return (
    <>
      {of.steps.some(({ checked }) => checked) && items && begun > 0 && (
        <StepCounts steps={of.steps} work={items} />
      )}
      <Panel title={t('assignmentPage.students')}>
        {!items &&
          (pages.error ? <Failed error={pages.error} retry={() => pages.mutate()} /> : <SkeletonRows />)}
        {all?.length === 0 && (
          <Empty
            icon={GraduationCap}
            title={t('classes.noStudents')}
            action={
              <Button asChild>
                <Link href={`/classes/${school.id}`}>{t('assignmentPage.toClass')}</Link>
              </Button>
            }
          >
            {t('classes.noStudentsText')}
          </Empty>
        )}
        {items && all && all.length > 0 && (
          <>
            <div className="flex flex-wrap items-center justify-between gap-3 border-line border-b px-4 py-2">
              <p className="text-muted">
                {t('assignmentPage.begun', { begun, count: items.length })}
                {!of.published && ` · ${t('assignmentPage.notPublished')}`}
              </p>
              {school.sections.length > 0 && (
                <SelectField
                  bare
                  label={t('classes.section')}
                  value={section}
                  onChange={({ target }) => setSection(target.value)}
                >
                  <option value="">{t('assignmentPage.allSections')}</option>
                  {school.sections.map(({ id, name }) => (
                    <option key={id} value={id}>
                      {oneLine(name)}
                    </option>
                  ))}
                </SelectField>
              )}
            </div>
            <Table
              label={t('assignmentPage.students')}
              head={[
                t('classes.name'),
                t('work.progress'),
                t('assignmentPage.lastCheck'),
                t('assignments.due'),
                `·${t('assignmentPage.actions')}`,
              ]}
            >
              {items.map((one) => (
                <Row
                  key={one.student}
                  one={one}
                  onExtend={teaches && of.dueAt !== null ? () => setExtended(one) : null}
                />
              ))}
            </Table>
          </>
        )}
        {pages.data?.at(-1)?.nextCursor && (
          <div className="grid place-items-center border-line border-t p-2">
            <Button look="quiet" onClick={() => void pages.setSize(pages.size + 1)}>
              {t('assignmentPage.more')}
            </Button>
          </div>
        )}
        <ExtensionDialog
          of={of}
          timeZone={school.timeZone}
          student={extended}
          onClose={() => setExtended(null)}
          onDone={() => {
            setExtended(null)
            void pages.mutate()
            onChange()
          }}
        />
      </Panel>
    </>
  )
}

function Row({ one, onExtend }: { one: StudentWork; onExtend: (() => void) | null }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const name = oneLine(one.name)
  return (
    <tr>
      <td>
        <span className="block font-medium">{name}</span>
        {(one.number !== null || !one.joined) && (
          <span className="block text-muted text-xs">
            {one.joined ? oneLine(one.number ?? '') : t('classes.states.expected')}
          </span>
        )}
      </td>
      <td>
        <Progress work={one} />
      </td>
      <td className="tabular whitespace-nowrap text-muted">
        {one.checkedAt === null ? '–' : dateTime(one.checkedAt)}
      </td>
      <td className="whitespace-nowrap">
        {one.dueAt ? <ClassTime time={one.dueAt} plain /> : t('assignments.neverDue')}
        {one.extended && <span className="block text-accent text-xs">{t('assignmentPage.hasMore')}</span>}
      </td>
      <td>
        <div className="flex justify-end gap-1">
          {onExtend && (
            <Button
              look="quiet"
              size="small"
              aria-label={t('assignmentPage.extendOf', { name })}
              onClick={onExtend}
            >
              {t('assignmentPage.extend')}
            </Button>
          )}
          {one.sandbox && (
            <Button asChild size="small">
              <Link href={`/sandboxes/${one.sandbox}`} aria-label={t('assignmentPage.openOf', { name })}>
                {t('assignmentPage.open')}
              </Link>
            </Button>
          )}
        </div>
      </td>
    </tr>
  )
}

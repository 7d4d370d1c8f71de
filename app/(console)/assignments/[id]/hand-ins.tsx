'use client'

import { PackageCheck, RotateCw, ScanSearch, Square } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { standingOf } from '../../../components/hand-ins/standing'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { SelectField } from '../../../components/ui/field'
import { Panel, Table } from '../../../components/ui/panel'
import { SearchField } from '../../../components/ui/search-field'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import { call, order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { Assignment } from '../../../lib/protocol-assignments'
import { type Grade, gradeList, gradingCount } from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { GradeDialog } from './grade-dialog'
import { HandInRow } from './hand-in-row'
import { type Filter, filters, type Sorting, shownGrades, sortings } from './shown-grades'

const refreshMs = 15_000
/** While tests run. */
const soonMs = 3000

/** What the students of a class have handed in for an assignment, and what they have for it. */
export function HandInsPart({ of }: { of: Assignment }) {
  const t = useTranslations()
  const toast = useToast()
  const [search, setSearch] = useState('')
  const [filter, setFilter] = useState<Filter>('all')
  const [sorting, setSorting] = useState<Sorting>('name')
  const [question, setQuestion] = useState<Question | null>(null)
  const [given, setGiven] = useState<Grade | null>(null)
  const [isGrading, setGrading] = useState(false)
  const path = `/assignments/${of.id}`
  const { data, error, mutate } = useResource(`${path}/grades`, gradeList, {
    everyMs: isGrading ? soonMs : refreshMs,
  })
  const open = data?.items.filter(({ state }) => state === 'queued' || state === 'running').length ?? 0
  if (open > 0 !== isGrading) setGrading(open > 0)
  const handedIn = data?.items.filter(({ submission }) => submission !== null) ?? []
  const graded = handedIn.filter((one) => standingOf(one) === 'graded').length
  const tested = (of.setup?.tests.length ?? 0) > 0
  const items = shownGrades(data?.items ?? [], { search, filter, sorting })
  const gradeAll = () =>
    setQuestion({
      title: t('handIns.askGradeAll'),
      text: t('handIns.askGradeAllText', { count: handedIn.length }),
      action: t('handIns.gradeAll'),
      look: 'primary',
      run: async () => {
        const { count } = await call(gradingCount, `${path}/gradings`, { method: 'POST' })
        await mutate()
        toast.done(t('handIns.gradingBegun', { count }))
      },
    })
  const gradeOne = async ({ submission }: Grade) => {
    try {
      await order(`/submissions/${submission}/gradings`, { method: 'POST' })
      await mutate()
    } catch (failure) {
      toast.failed(failure)
    }
  }
  const cancel = async () => {
    try {
      const { count } = await call(gradingCount, `${path}/gradings`, { method: 'DELETE' })
      await mutate()
      toast.done(t('handIns.canceled', { count }))
    } catch (failure) {
      toast.failed(failure)
    }
  }
  return (
    <Panel
      title={t('handIns.title')}
      action={
        <div className="flex flex-wrap justify-end gap-2">
          {open > 0 && (
            <Button size="small" onClick={() => void cancel()}>
              <Square aria-hidden />
              {t('handIns.cancel')}
            </Button>
          )}
          {handedIn.length > 1 && (
            <Button asChild size="small">
              <Link href={`${path}/similarity`}>
                <ScanSearch aria-hidden />
                {t('similarity.open')}
              </Link>
            </Button>
          )}
          {tested && handedIn.length > 0 && (
            <Button size="small" onClick={gradeAll}>
              <RotateCw aria-hidden />
              {t('handIns.gradeAll')}
            </Button>
          )}
        </div>
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
      {data?.items.length === 0 && (
        <Empty icon={PackageCheck} title={t('classes.noStudents')}>
          {t('classes.noStudentsText')}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <>
          <div className="flex flex-wrap items-center gap-3 border-line border-b px-4 py-2">
            <div className="min-w-40 flex-1">
              <SearchField
                label={t('handIns.search')}
                placeholder={t('handIns.search')}
                value={search}
                onChange={({ target }) => setSearch(target.value)}
              />
            </div>
            <SelectField
              bare
              label={t('handIns.filter')}
              value={filter}
              onChange={({ target }) => setFilter(filters.find((one) => one === target.value) ?? 'all')}
            >
              {filters.map((one) => (
                <option key={one} value={one}>
                  {t(`handIns.filters.${one}`)}
                </option>
              ))}
            </SelectField>
            <SelectField
              bare
              label={t('handIns.sorting')}
              value={sorting}
              onChange={({ target }) => setSorting(sortings.find((one) => one === target.value) ?? 'name')}
            >
              {sortings.map((one) => (
                <option key={one} value={one}>
                  {t(`handIns.sortings.${one}`)}
                </option>
              ))}
            </SelectField>
          </div>
          <p role="status" className="border-line border-b px-4 py-2 text-muted">
            {t('handIns.sum', { handedIn: handedIn.length, count: data.items.length, graded })}
            {open > 0 && ` · ${t('handIns.open', { count: open })}`}
          </p>
          {items.length === 0 && <p className="px-4 py-6 text-center text-muted">{t('handIns.noMatch')}</p>}
          {items.length > 0 && (
            <Table
              label={t('handIns.title')}
              head={[
                ...[t('classes.name'), t('handIns.handedIn'), t('handIns.state'), t('handIns.points')],
                `·${t('handIns.actions')}`,
              ]}
            >
              {items.map((one) => (
                <HandInRow
                  key={one.student.userId}
                  one={one}
                  onGrade={tested ? () => void gradeOne(one) : null}
                  onGive={() => setGiven(one)}
                />
              ))}
            </Table>
          )}
        </>
      )}
      <GradeDialog
        grade={given}
        title={given === null ? '' : t('handIns.giveTo', { name: oneLine(given.student.name) })}
        onClose={() => setGiven(null)}
        onDone={() => {
          setGiven(null)
          void mutate()
        }}
      />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

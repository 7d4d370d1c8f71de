'use client'

import { ClipboardList, Download, Plus, Upload } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Panel, Table } from '../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import { call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { moved } from '../../../lib/moved'
import { type AssignmentSummary, assignmentList } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { deletionQuestion } from '../../deletion'
import { AssignmentRow, type Put } from './assignment-row'
import { CourseDialog } from './course-dialog'
import { NewAssignmentDialog } from './new-assignment'
import { OrganiseDialog, type Organised } from './organise-dialog'

/** The assignments of a class in their order, as its staff see them. */
export function Assignments({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const toast = useToast()
  const path = `/classes/${of.id}/assignments`
  const { data, error, mutate } = useResource(path, assignmentList)
  const [creating, setCreating] = useState(false)
  const [importing, setImporting] = useState(false)
  const [organised, setOrganised] = useState<Organised | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const [said, setSaid] = useState('')
  const teaches = of.role !== 'assistant'
  const { list, keep } = useKeptFocus(data?.items)
  const put = async (from: number, to: number, button: Put['button'] | null) => {
    if (!data || from === to) return
    const id = data.items[from]?.id
    keep(id === undefined || button === null ? null : { id, button })
    const items = [...moved(data.items, from, to)]
    const one = items[to]
    try {
      const body = { assignments: items.map(({ id }) => id) }
      await mutate(call(assignmentList, `${path}/order`, { method: 'PUT', body }), {
        optimisticData: { ...data, items },
        revalidate: false,
      })
      setSaid(
        t('assignments.movedTo', {
          ...{ name: oneLine(one?.title ?? ''), number: to + 1, count: items.length },
        }),
      )
    } catch (failure) {
      toast.failed(failure)
      void mutate()
    }
  }
  const remove = ({ id, title }: AssignmentSummary) =>
    setQuestion(
      deletionQuestion(
        {
          ...{ path: `/assignments/${id}`, name: oneLine(title, 120), onDone: () => mutate() },
          title: t('assignments.askDelete', { name: oneLine(title) }),
          text: t('assignments.askDeleteText'),
          action: t('assignments.delete'),
        },
        t,
      ),
    )
  const create = teaches && (
    <Button size="small" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t('assignments.new')}
    </Button>
  )
  return (
    <Panel
      title={t('assignments.title')}
      action={
        <div className="flex flex-wrap justify-end gap-2">
          {create}
          {teaches && (
            <Button size="small" look="quiet" onClick={() => setImporting(true)}>
              <Upload aria-hidden />
              {t('assignments.importCourse')}
            </Button>
          )}
          {data && data.items.length > 0 && (
            <Button asChild size="small" look="quiet">
              <a href={`/api/v1/classes/${of.id}/course.tar`} download>
                <Download aria-hidden />
                {t('assignments.exportCourse')}
              </a>
            </Button>
          )}
        </div>
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data?.items.length === 0 && (
        <Empty icon={ClipboardList} title={t('assignments.none')}>
          {t('assignments.noneText')}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <div ref={list}>
          <Table
            label={t('assignments.title')}
            head={[
              t('assignments.name'),
              t('assignments.state'),
              t('assignments.due'),
              t('assignments.steps'),
              t('assignments.starter'),
              `·${t('assignments.actions')}`,
            ]}
          >
            {data.items.map((one, at) => (
              <AssignmentRow
                key={one.id}
                one={one}
                at={at}
                count={data.items.length}
                teaches={teaches}
                onPut={put}
                onDuplicate={() => setOrganised({ how: 'duplicate', one })}
                onMove={() => setOrganised({ how: 'move', one })}
                onDelete={() => remove(one)}
              />
            ))}
          </Table>
        </div>
      )}
      <p role="status" className="sr-only">
        {said}
      </p>
      <NewAssignmentDialog of={of} open={creating} onOpenChange={setCreating} />
      <CourseDialog of={of} open={importing} onOpenChange={setImporting} onDone={() => void mutate()} />
      <OrganiseDialog
        of={of}
        organised={organised}
        onClose={() => setOrganised(null)}
        onDone={() => {
          setOrganised(null)
          void mutate()
        }}
      />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

/**
 * Whoever moves a row by its button goes on with that row: a browser takes the focus from what is moved in the page.
 *
 * @returns `list` for the element around the rows; `keep` before one is moved by a button
 */
function useKeptFocus(items: unknown) {
  const list = useRef<HTMLDivElement>(null)
  const last = useRef<Put | null>(null)
  const keep = (put: Put | null) => {
    last.current = put
  }
  useEffect(() => {
    if (items === undefined || last.current === null || document.activeElement !== document.body) return
    const { id, button } = last.current
    const found = list.current?.querySelectorAll<HTMLButtonElement>(`[data-row-of="${id}"] [data-put]`) ?? []
    const buttons = [...found].filter((one) => !one.disabled)
    const same = buttons.find((one) => one.dataset.put === button)
    const next = same ?? buttons[0]
    next?.focus()
  }, [items])
  return { list, keep }
}

'use client'

import { Download, IdCard, Upload, UserPlus } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Dialog } from '../../../components/ui/dialog'
import { Panel, Table } from '../../../components/ui/panel'
import { SearchField } from '../../../components/ui/search-field'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import {
  type ClassDescription,
  type ClassStudent,
  classStudentList,
  type SignInCard,
} from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { DeleteDataDialog } from './delete-data-dialog'
import { makeCards } from './make-cards'
import { RosterDialog } from './roster-dialog'
import { StudentForm } from './student-form'
import { StudentMenu } from './student-menu'

/** Loads what draws QR codes only when there are cards. */
const CardSheet = dynamic(() => import('./card-sheet').then((loaded) => loaded.CardSheet), { ssr: false })

/** The students of a class with what their staff does. */
export function Students({ of, onChange }: { of: ClassDescription; onChange: () => void }) {
  const t = useTranslations()
  const [search, setSearch] = useState('')
  const path = `/classes/${of.id}/students?limit=1000${search === '' ? '' : `&search=${encodeURIComponent(search)}`}`
  const { data, error, mutate } = useResource(path, classStudentList)
  const [edited, setEdited] = useState<ClassStudent | 'new' | null>(null)
  const [deleted, setDeleted] = useState<ClassStudent | null>(null)
  const [importing, setImporting] = useState(false)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [cards, setCards] = useState<readonly SignInCard[] | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const teaches = of.role !== 'assistant'
  const changed = () => {
    onChange()
    void mutate()
  }
  const choose = (id: string, on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(id)
    else next.delete(id)
    setChosen(next)
  }
  const remove = ({ id, name }: ClassStudent) =>
    setQuestion({
      title: t('classes.askRemove', { name: oneLine(name) }),
      text: t('classes.askRemoveText'),
      action: t('classes.removeStudent'),
      run: async () => {
        await order(`/classes/${of.id}/students/${id}`, { method: 'DELETE' })
        setEdited(null)
        changed()
      },
    })
  const printed = () =>
    setQuestion({
      title: t('classes.makeCardsTitle'),
      text: t('classes.cardsText'),
      action: t('classes.makeCards', { count: chosen.size }),
      run: async () => {
        setCards(await makeCards(of.id, [...chosen]))
        setChosen(new Set())
        changed()
      },
    })
  const managed = data?.items.filter(({ signInName }) => signInName !== null) ?? []
  return (
    <Panel
      title={t('classes.students')}
      action={
        <div className="flex flex-wrap justify-end gap-2">
          {teaches && (
            <>
              <Button size="small" onClick={() => setEdited('new')}>
                <UserPlus aria-hidden />
                {t('classes.addStudent')}
              </Button>
              <Button size="small" onClick={() => setImporting(true)}>
                <Upload aria-hidden />
                {t('classes.importRoster')}
              </Button>
            </>
          )}
          <Button asChild size="small" look="quiet">
            <a href={`/api/v1/classes/${of.id}/roster.csv`} download>
              <Download aria-hidden />
              {t('classes.export')}
            </a>
          </Button>
        </div>
      }
    >
      <div className="flex flex-wrap items-center gap-3 border-line border-b px-4 py-2">
        <div className="min-w-40 flex-1">
          <SearchField
            label={t('classes.search')}
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </div>
        {teaches && managed.length > 0 && (
          <>
            <Button size="small" look="quiet" onClick={() => setChosen(new Set(managed.map(({ id }) => id)))}>
              {t('classes.selectAll')}
            </Button>
            <Button size="small" disabled={chosen.size === 0} onClick={printed}>
              <IdCard aria-hidden />
              {t('classes.makeCards', { count: chosen.size })}
            </Button>
          </>
        )}
      </div>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
      {data?.items.length === 0 && (
        <Empty icon={UserPlus} title={t('classes.noStudents')}>
          {t('classes.noStudentsText')}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table
          label={t('classes.students')}
          head={[
            t('classes.name'),
            t('classes.number'),
            t('classes.section'),
            t('classes.group'),
            t('classes.state'),
            `·${t('classes.edit')}`,
          ]}
        >
          {data.items.map((one) => (
            <Row
              key={one.id}
              of={of}
              student={one}
              chosen={chosen.has(one.id)}
              onChoose={(on) => choose(one.id, on)}
              onEdit={teaches ? () => setEdited(one) : undefined}
              onDelete={() => setDeleted(one)}
            />
          ))}
        </Table>
      )}
      <Dialog
        open={edited !== null}
        onOpenChange={(open) => open || setEdited(null)}
        title={edited === 'new' || edited === null ? t('classes.addStudent') : oneLine(edited.name)}
        description={edited === 'new' ? t('classes.addStudentText') : undefined}
      >
        {edited !== null && (
          <StudentForm
            of={of}
            student={edited === 'new' ? null : edited}
            onDone={() => {
              setEdited(null)
              changed()
            }}
            onRemove={remove}
          />
        )}
      </Dialog>
      <DeleteDataDialog
        classId={of.id}
        student={deleted}
        onClose={() => setDeleted(null)}
        onDone={() => setDeleted(null)}
      />
      <RosterDialog of={of} open={importing} onOpenChange={setImporting} onDone={changed} />
      {cards && <CardSheet of={of} cards={cards} onDone={() => setCards(null)} />}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

function Row({
  of,
  student,
  chosen,
  onChoose,
  onEdit,
  onDelete,
}: {
  of: ClassDescription
  student: ClassStudent
  chosen: boolean
  onChoose: (on: boolean) => void
  onEdit: (() => void) | undefined
  onDelete: () => void
}) {
  const t = useTranslations()
  const name = oneLine(student.name)
  const partOf = (parts: ClassDescription['sections'], id: string | null) =>
    oneLine(parts.find((one) => one.id === id)?.name ?? '')
  return (
    <tr>
      <td>
        <div className="flex items-start gap-2">
          {student.signInName !== null && onEdit && (
            <input
              type="checkbox"
              className="mt-1"
              aria-label={t('classes.selectOne', { name })}
              checked={chosen}
              onChange={(event) => onChoose(event.target.checked)}
            />
          )}
          <span className="min-w-0">
            <span className="block font-medium">{name}</span>
            <span className="block break-words text-muted text-xs">
              {student.signInName ?? oneLine(student.email ?? '', 254)}
            </span>
          </span>
        </div>
      </td>
      <td>{oneLine(student.number ?? '')}</td>
      <td>{partOf(of.sections, student.section)}</td>
      <td>{partOf(of.groups, student.group)}</td>
      <td className="text-muted">{t(`classes.states.${student.state}`)}</td>
      <td className="text-right">
        {onEdit && (
          <div className="flex justify-end gap-0.5">
            <Button look="quiet" size="small" aria-label={`${t('classes.change')} ${name}`} onClick={onEdit}>
              {t('classes.change')}
            </Button>
            <StudentMenu classId={of.id} student={student} onDelete={onDelete} />
          </div>
        )}
      </td>
    </tr>
  )
}

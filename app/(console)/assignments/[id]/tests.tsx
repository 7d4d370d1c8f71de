'use client'

import { FlaskConical, Plus, Upload } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Panel, Table } from '../../../components/ui/panel'
import { Empty } from '../../../components/ui/states'
import { oneLine } from '../../../lib/format'
import { type AssignmentTest, assignmentBounds } from '../../../lib/protocol-assignments'
import { useFormat } from '../../../lib/use-format'
import { change, type PartProps } from './change'
import { TestDialog } from './test-dialog'
import { TestsImportDialog } from './tests-import'

/** Tests, which students are never told of. */
export function TestsPart({ of, teaches, onChange }: PartProps) {
  const t = useTranslations()
  const { number } = useFormat()
  const [edited, setEdited] = useState<string | 'new' | null>(null)
  const [importing, setImporting] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const tests = of.setup?.tests ?? []
  const points = tests.reduce((sum, one) => sum + one.points, 0)
  const remove = (id: string, name: string) =>
    setQuestion({
      title: t('assignmentPage.askTest', { name }),
      text: t('assignmentPage.askTestText'),
      action: t('assignmentPage.deleteTest'),
      run: async () => onChange(await change(of.id, { tests: tests.filter((one) => one.id !== id) })),
    })
  const passesWhen = ({ judge, expected, comparison }: AssignmentTest) => {
    if (judge !== undefined) return t(`assignmentPage.judged.${judge.mode}`)
    return t(
      expected === undefined ? 'assignmentPage.exitStatus' : `assignmentPage.comparisons.${comparison}`,
    )
  }
  const actions = teaches && (
    <>
      <Button size="small" disabled={tests.length >= assignmentBounds.tests} onClick={() => setEdited('new')}>
        <Plus aria-hidden />
        {t('assignmentPage.addTest')}
      </Button>
      <Button size="small" onClick={() => setImporting(true)}>
        <Upload aria-hidden />
        {t('assignmentPage.importTests')}
      </Button>
    </>
  )
  const head = [
    t('assignmentPage.name'),
    t('assignmentPage.command'),
    t('assignmentPage.compares'),
    t('assignmentPage.points'),
  ]
  return (
    <Panel
      title={t('assignmentPage.tests')}
      action={<div className="flex flex-wrap justify-end gap-2">{actions}</div>}
    >
      <p className="px-4 py-3 text-muted">{t('assignmentPage.testsText')}</p>
      {tests.length === 0 && (
        <Empty icon={FlaskConical} title={t('assignmentPage.noTests')}>
          {teaches && t('assignmentPage.noTestsText')}
        </Empty>
      )}
      {tests.length > 0 && (
        <>
          <Table label={t('assignmentPage.tests')} head={[...head, `·${t('assignmentPage.actions')}`]}>
            {tests.map((one) => (
              <tr key={one.id}>
                <td className="font-medium">{oneLine(one.name, 200)}</td>
                <td>
                  <code className="line-clamp-2 break-all font-mono text-xs">
                    {oneLine(one.command, 200)}
                  </code>
                </td>
                <td className="text-muted">{passesWhen(one)}</td>
                <td className="tabular">{number(one.points)}</td>
                <td>
                  {teaches && (
                    <div className="flex justify-end gap-1">
                      <Button
                        look="quiet"
                        size="small"
                        aria-label={t('assignmentPage.editTestOf', { name: oneLine(one.name) })}
                        onClick={() => setEdited(one.id)}
                      >
                        {t('assignmentPage.edit')}
                      </Button>
                      <Button
                        look="quiet"
                        size="small"
                        aria-label={t('assignmentPage.deleteTestOf', { name: oneLine(one.name) })}
                        onClick={() => remove(one.id, oneLine(one.name))}
                      >
                        {t('assignmentPage.delete')}
                      </Button>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </Table>
          <p className="tabular border-line border-t px-4 py-2 text-muted text-xs">
            {t('assignmentPage.testsSum', { count: tests.length, points: number(points) })}
          </p>
        </>
      )}
      <TestDialog of={of} edited={edited} onClose={() => setEdited(null)} onChange={onChange} />
      <TestsImportDialog
        of={of}
        open={importing}
        onOpenChange={setImporting}
        onDone={() => {
          setImporting(false)
          onChange()
        }}
      />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

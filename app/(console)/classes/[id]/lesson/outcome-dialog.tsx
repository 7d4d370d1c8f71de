'use client'

import { useTranslations } from 'use-intl'
import { Dialog, DialogBody } from '../../../../components/ui/dialog'
import { Table } from '../../../../components/ui/panel'
import { oneLine } from '../../../../lib/format'
import type { LessonOutcome } from '../../../../lib/protocol-lessons'

/** What was done for each student, and why not. */
export function OutcomeDialog({ outcome, onClose }: { outcome: LessonOutcome | null; onClose: () => void }) {
  const t = useTranslations()
  if (outcome === null) return null
  return (
    <Dialog open onOpenChange={onClose} title={t('lesson.outcomes')} wide>
      <DialogBody>
        <Table
          label={t('lesson.outcomes')}
          head={[t('lesson.student'), t('lesson.result'), `·${t('lesson.detail')}`]}
        >
          {outcome.students.map(({ student, name, outcome: end, detail }) => (
            <tr key={student}>
              <td>{oneLine(name)}</td>
              <td>{t(`lesson.outcome.${end}`)}</td>
              <td className="text-muted">{detail === null ? '' : oneLine(detail, 200)}</td>
            </tr>
          ))}
        </Table>
      </DialogBody>
    </Dialog>
  )
}

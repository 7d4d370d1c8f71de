'use client'

import { useTranslations } from 'use-intl'
import { GradeForm } from '../../../components/hand-ins/grade-form'
import { Dialog } from '../../../components/ui/dialog'
import type { Grade } from '../../../lib/protocol-submissions'

/** Points for somebody who has handed in nothing, such as for a talk. @param grade null while it is closed */
export function GradeDialog({
  grade,
  title,
  onClose,
  onDone,
}: {
  grade: Grade | null
  title: string
  onClose: () => void
  onDone: () => void
}) {
  const t = useTranslations()
  return (
    <Dialog
      open={grade !== null}
      onOpenChange={(open) => open || onClose()}
      title={title}
      description={t('handIns.giveText')}
    >
      <div className="px-5 pb-5">{grade && <GradeForm grade={grade} onDone={onDone} />}</div>
    </Dialog>
  )
}

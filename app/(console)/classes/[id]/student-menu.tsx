'use client'

import { Download, Ellipsis, Trash2 } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Menu, MenuItem } from '../../../components/ui/menu'
import { oneLine } from '../../../lib/format'
import type { ClassStudent } from '../../../lib/protocol-classes'

/** What is done with all that the class has of a student. */
export function StudentMenu({
  classId,
  student,
  onDelete,
}: {
  classId: string
  student: ClassStudent
  onDelete: () => void
}) {
  const t = useTranslations()
  const name = oneLine(student.name)
  const path = `/api/v1/classes/${classId}/students/${student.id}/export`
  return (
    <Menu
      trigger={
        <Button look="quiet" size="iconSmall" aria-label={t('studentData.actionsFor', { name })}>
          <Ellipsis />
        </Button>
      }
    >
      <MenuItem onSelect={() => window.location.assign(path)}>
        <Download aria-hidden />
        {t('studentData.export')}
      </MenuItem>
      <MenuItem danger onSelect={onDelete}>
        <Trash2 aria-hidden />
        {t('studentData.delete')}
      </MenuItem>
    </Menu>
  )
}

'use client'

import { Download, Lock, Pencil, Trash2 } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { bytes, oneLine } from '../../../lib/format'
import type { Assignment, AssignmentFile, AssignmentFileKind } from '../../../lib/protocol-assignments'
import { fileOf } from './file-calls'

/** A file of an assignment. @param onEdit null where it cannot be edited here */
export function FileRow({
  of,
  kind,
  file,
  onEdit,
  onDelete,
}: {
  of: Assignment
  kind: AssignmentFileKind
  file: AssignmentFile
  onEdit: (() => void) | null
  onDelete: (() => void) | null
}) {
  const t = useTranslations()
  const name = oneLine(file.path, 200)
  const kept =
    kind === 'starter' &&
    of.setup?.readOnly.some((one) => file.path === one || file.path.startsWith(`${one}/`)) === true
  return (
    <tr>
      <td>
        <span className="break-all font-mono text-xs">{name}</span>
        {file.executable && (
          <span className="ml-2 text-muted text-xs">{t('assignmentPage.executableFile')}</span>
        )}
        {kept && (
          <span className="ml-2 inline-flex items-center gap-1 text-muted text-xs">
            <Lock aria-hidden className="size-3" />
            {t('assignmentPage.readOnlyFile')}
          </span>
        )}
      </td>
      <td className="tabular whitespace-nowrap text-muted">{bytes(file.sizeBytes)}</td>
      <td>
        <div className="flex justify-end gap-1">
          <Button asChild look="quiet" size="iconSmall">
            <a
              href={`/api/v1${fileOf(of.id, kind, file.path)}`}
              download
              aria-label={t('assignmentPage.downloadFile', { name })}
            >
              <Download />
            </a>
          </Button>
          {onEdit && (
            <Button
              look="quiet"
              size="iconSmall"
              aria-label={t('assignmentPage.editFile', { name })}
              onClick={onEdit}
            >
              <Pencil />
            </Button>
          )}
          {onDelete && (
            <Button
              look="quiet"
              size="iconSmall"
              aria-label={t('assignmentPage.deleteFileOf', { name })}
              onClick={onDelete}
            >
              <Trash2 />
            </Button>
          )}
        </div>
      </td>
    </tr>
  )
}

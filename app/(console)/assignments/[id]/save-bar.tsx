import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'

/** The end of a form of this page. */
export function SaveBar({
  unsaved,
  busy,
  disabled = false,
}: {
  unsaved: boolean
  busy: boolean
  disabled?: boolean
}) {
  const t = useTranslations()
  return (
    <div className="flex items-center justify-end gap-3">
      {unsaved && <span className="text-muted text-xs">{t('assignmentPage.unsaved')}</span>}
      <Button type="submit" look="primary" busy={busy} disabled={!unsaved || disabled}>
        {t('assignmentPage.save')}
      </Button>
    </div>
  )
}

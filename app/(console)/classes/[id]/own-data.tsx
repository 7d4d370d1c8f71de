import { Download } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Panel } from '../../../components/ui/panel'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useSession } from '../../../lib/session'

/** All that the class has of the student who looks, to take away. */
export function OwnData({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const { user } = useSession()
  if (!user) return null
  return (
    <Panel title={t('studentData.title')}>
      <div className="flex flex-wrap items-center justify-between gap-3 p-4">
        <p className="max-w-xl text-muted">{t('studentData.exportOwnText')}</p>
        <Button asChild>
          <a href={`/api/v1/classes/${of.id}/students/${user.id}/export`} download>
            <Download aria-hidden />
            {t('studentData.exportOwn')}
          </a>
        </Button>
      </div>
    </Panel>
  )
}

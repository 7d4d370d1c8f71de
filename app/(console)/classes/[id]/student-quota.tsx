'use client'

import { useTranslations } from 'use-intl'
import { StudentQuotaForm } from '../../../components/student-quota'
import { Panel } from '../../../components/ui/panel'
import type { ClassDescription } from '../../../lib/protocol-classes'

/** What one student of the class may have at once: teachers change it. */
export function ClassStudentQuota({ of, onChange }: { of: ClassDescription; onChange: () => void }) {
  const t = useTranslations()
  if (of.studentQuota === null) return null
  return (
    <Panel title={t('studentQuota.title')}>
      <StudentQuotaForm
        path={`/classes/${of.id}`}
        of={of.studentQuota}
        fixed={of.role === 'assistant'}
        onChange={onChange}
      />
    </Panel>
  )
}

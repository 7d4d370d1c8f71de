'use client'

import { useTranslations } from 'use-intl'
import type { Sandbox } from '../../lib/protocol'
import { Choice } from '../ui/choice'

type Restart = Sandbox['restart']
const policies = ['no', 'unless-stopped'] as const satisfies readonly Restart[]

/** What becomes of a sandbox that ends without having been stopped. */
export function RestartChoice({ draft, onChange }: { draft: Restart; onChange: (draft: Restart) => void }) {
  const t = useTranslations()
  return (
    <Choice
      label={t('sandbox.restart.label')}
      value={draft}
      onChange={onChange}
      options={policies.map((value) => ({
        value,
        title: t(`sandbox.restart.${value}`),
        text: t(`sandbox.restart.${value}Text`),
      }))}
      className="sm:grid-cols-2"
    />
  )
}

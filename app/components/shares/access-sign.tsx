'use client'

import { Eye, Users } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { Sandbox } from '../../lib/protocol'

/** Says to a guest what they may do here. */
export function AccessSign({ access }: { access: Sandbox['access'] }) {
  const t = useTranslations()
  if (access === 'full') return null
  const Icon = access === 'look' ? Eye : Users
  return (
    <span className="flex shrink-0 items-center gap-1.5 rounded-md bg-hover px-2 py-0.5 text-xs">
      <Icon aria-hidden className="size-3.5 text-muted" />
      {t(access === 'look' ? 'shares.lookingOnly' : 'shares.youCanType')}
    </span>
  )
}

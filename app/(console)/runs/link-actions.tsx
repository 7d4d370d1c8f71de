'use client'

import { Link2 } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'

/** The way to a run's own page, whose address everybody of the tenant can open. */
export function LinkActions({ id }: { id: string }) {
  const t = useTranslations()
  return (
    <Button asChild look="quiet" size="small">
      <Link href={`/runs/${id}`}>
        <Link2 aria-hidden />
        {t('runs.linkTo')}
      </Link>
    </Button>
  )
}

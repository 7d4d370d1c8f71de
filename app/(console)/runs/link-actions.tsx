'use client'

import { Link2 } from 'lucide-react'
import Link from 'next/link'
import { Button } from '../../components/ui/button'

/** The way to a run's own page, whose address everybody of the tenant can open. */
export function LinkActions({ id }: { id: string }) {
  return (
    <Button asChild look="quiet" size="small">
      <Link href={`/runs/${id}`}>
        <Link2 aria-hidden />
        Link to this run
      </Link>
    </Button>
  )
}

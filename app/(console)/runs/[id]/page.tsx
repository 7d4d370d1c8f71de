import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { runId } from '../../../lib/protocol'
import { RunPage } from '../run-page'

export const metadata: Metadata = { title: 'Run' }

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = runId.safeParse((await params).id)
  if (!id.success) notFound()
  return <RunPage key={id.data} id={id.data} />
}

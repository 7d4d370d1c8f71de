import { notFound } from 'next/navigation'
import { runId } from '../../../lib/protocol-runs'
import { titled } from '../../../messages/server'
import { RunPage } from '../run-page'

export const generateMetadata = titled('run')

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = runId.safeParse((await params).id)
  if (!id.success) notFound()
  return <RunPage key={id.data} id={id.data} />
}

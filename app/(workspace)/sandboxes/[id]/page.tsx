import { notFound } from 'next/navigation'
import { sandboxId } from '../../../lib/protocol'
import { titled } from '../../../messages/server'
import { WorkspacePage } from './workspace-page'

export const generateMetadata = titled('workspace')

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = sandboxId.safeParse((await params).id)
  if (!id.success) notFound()
  return <WorkspacePage id={id.data} />
}

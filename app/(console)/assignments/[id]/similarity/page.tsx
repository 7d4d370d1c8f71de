import { notFound } from 'next/navigation'
import { assignmentId } from '../../../../lib/protocol'
import { titled } from '../../../../messages/server'
import { SimilarityPage } from './similarity'

export const generateMetadata = titled('similarity')

export default async function SimilarHandInsPage({ params }: { params: Promise<{ id: string }> }) {
  const id = assignmentId.safeParse((await params).id)
  if (!id.success) notFound()
  return <SimilarityPage id={id.data} />
}

import { notFound } from 'next/navigation'
import { submissionId } from '../../../lib/protocol'
import { titled } from '../../../messages/server'
import { SubmissionPage } from './submission'

export const generateMetadata = titled('submission')

export default async function OneSubmissionPage({ params }: { params: Promise<{ id: string }> }) {
  const id = submissionId.safeParse((await params).id)
  if (!id.success) notFound()
  return <SubmissionPage key={id.data} id={id.data} />
}

import { notFound } from 'next/navigation'
import { assignmentId } from '../../../lib/protocol'
import { titled } from '../../../messages/server'
import { AssignmentPage } from './assignment'

export const generateMetadata = titled('assignment')

export default async function OneAssignmentPage({ params }: { params: Promise<{ id: string }> }) {
  const id = assignmentId.safeParse((await params).id)
  if (!id.success) notFound()
  return <AssignmentPage id={id.data} />
}

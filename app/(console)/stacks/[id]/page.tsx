import { notFound } from 'next/navigation'
import { stackId } from '../../../lib/protocol'
import { titled } from '../../../messages/server'
import { StackPage } from '../stack-page'

export const generateMetadata = titled('stack')

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = stackId.safeParse((await params).id)
  if (!id.success) notFound()
  return <StackPage key={id.data} id={id.data} />
}

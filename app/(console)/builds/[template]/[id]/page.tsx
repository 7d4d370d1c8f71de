import { notFound } from 'next/navigation'
import { templateName } from '../../../../lib/protocol'
import { buildId } from '../../../../lib/protocol-builds'
import { titled } from '../../../../messages/server'
import { BuildPage } from '../../build-page'

export const generateMetadata = titled('build')

export default async function Page({ params }: { params: Promise<{ template: string; id: string }> }) {
  const { template, id } = await params
  if (!templateName.safeParse(template).success || !buildId.safeParse(id).success) notFound()
  return <BuildPage key={id} template={template} id={id} />
}

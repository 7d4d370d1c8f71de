import { titled } from '../../../messages/server'
import { ClassPage } from './class'

export const generateMetadata = titled('classes')

export default async function OneClassPage({ params }: { params: Promise<{ id: string }> }) {
  return <ClassPage id={(await params).id} />
}

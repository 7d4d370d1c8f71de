import { titled } from '../../../../messages/server'
import { LessonPage } from './lesson'

export const generateMetadata = titled('lesson')

export default async function OneLessonPage({ params }: { params: Promise<{ id: string }> }) {
  return <LessonPage id={(await params).id} />
}

'use client'

import { useTranslations } from 'use-intl'
import { OwnLessons } from '../../../../components/lessons/own-lessons'
import { PageHead, Panel } from '../../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../../components/ui/states'
import { oneLine } from '../../../../lib/format'
import { classDescription } from '../../../../lib/protocol-classes'
import { lessonList } from '../../../../lib/protocol-lessons'
import { useResource } from '../../../../lib/resource'
import { RunningLesson } from './running'
import { StartLesson } from './start'

const everyMs = 10_000

/** The live lesson of a class: staff see all students, a student their own hand and messages. */
export function LessonPage({ id }: { id: string }) {
  const t = useTranslations()
  const path = `/classes/${encodeURIComponent(id)}`
  const { data: of, error, mutate } = useResource(path, classDescription)
  const lessons = useResource(of ? `${path}/lessons?limit=1` : null, lessonList, { everyMs })
  const failure = error ?? lessons.error
  if (!of || !lessons.data) {
    const retry = () => void Promise.all([mutate(), lessons.mutate()])
    return <Panel>{failure ? <Failed error={failure} retry={retry} /> : <SkeletonRows rows={5} />}</Panel>
  }
  const [newest] = lessons.data.items
  const running = newest?.endedAt === null ? newest : undefined
  const changed = () => void lessons.mutate()
  if (of.role === 'student') {
    return (
      <div className="grid gap-5">
        <PageHead title={t('lesson.title')}>{oneLine(of.name)}</PageHead>
        <OwnLessons />
      </div>
    )
  }
  return running === undefined ? (
    <StartLesson of={of} onStart={changed} />
  ) : (
    <RunningLesson key={running.id} of={of} id={running.id} onEnd={changed} />
  )
}

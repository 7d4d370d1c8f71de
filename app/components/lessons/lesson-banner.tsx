'use client'

import { useEffect } from 'react'
import { useSWRConfig } from 'swr'
import { terminalLine } from '../../terminal/line'
import { OwnLessons } from './own-lessons'

/** What the line does not tell: that a lesson is over by itself, and how many hands are before. */
const everyMs = 15_000

/** Above the workspace of a student, while a live lesson of theirs runs. The line of its terminals tells what changes. */
export default function LessonBanner() {
  const { mutate } = useSWRConfig()
  useEffect(() => terminalLine().onLesson(() => void mutate('/lessons')), [mutate])
  return (
    <div className="max-h-[30dvh] shrink-0 overflow-y-auto">
      <OwnLessons everyMs={everyMs} />
    </div>
  )
}

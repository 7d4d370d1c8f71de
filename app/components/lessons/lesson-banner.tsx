'use client'

import { OwnLessons } from './own-lessons'

/** Above the workspace of a student, while a live lesson of theirs runs. */
export default function LessonBanner() {
  return (
    <div className="max-h-[30dvh] shrink-0 overflow-y-auto">
      <OwnLessons />
    </div>
  )
}

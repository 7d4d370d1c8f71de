'use client'

import { useEffect } from 'react'
import { order } from '../../lib/api'
import { assignment } from '../../lib/protocol-assignments'
import type { TellExamEvent } from '../../lib/protocol-exams'
import { useResource } from '../../lib/resource'
import { guardExam } from './exam-watch'

/** For a student in an exam: what is pasted into the workspace from outside is kept out, and told. Everybody else has nothing of it. */
export function ExamGuard({ id }: { id: string }) {
  const { data } = useResource(`/assignments/${id}`, assignment, { everyMs: 60_000 })
  const isWritten = data?.exam != null && data.setup === null && data.state === 'open'
  const prevents = data?.exam?.paste === 'prevent'
  useEffect(() => {
    if (!isWritten) return
    // What cannot be told is not told: the exam goes on.
    const tell = (event: TellExamEvent) =>
      void order(`/assignments/${id}/events`, { method: 'POST', body: event }).catch(() => {})
    return guardExam(window, prevents, tell)
  }, [id, isWritten, prevents])
  return null
}

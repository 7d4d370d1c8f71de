'use client'

import { type KeyboardEvent, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../lib/api'
import { type Grade, grade as gradeSchema } from '../../lib/protocol-submissions'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { AreaField, Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'

/**
 * Points that a person gives, and what they say to the student.
 *
 * @param onDone after they are stored; `next`: whoever gave them goes on with the next student
 * @param next whether there is one
 */
export function GradeForm({
  grade,
  onDone,
  next = false,
}: {
  grade: Grade
  onDone: (next: boolean) => unknown
  next?: boolean
}) {
  const t = useTranslations()
  const toast = useToast()
  const { number } = useFormat()
  const goesOn = useRef(false)
  // The form as it is by then: what was given is no longer in it.
  const [version, setVersion] = useState(0)
  const path = `/assignments/${grade.assignment}/grades/${grade.student.userId}`
  const give = async (points: number | null, comment: string) => {
    await call(gradeSchema, path, { method: 'PUT', body: { points, comment } })
    toast.done(t(points === null ? 'handIns.takenBack' : 'handIns.given'))
  }
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await give(Number(text(form, 'points')), text(form, 'comment').replace(/\r\n?/g, '\n'))
    onDone(goesOn.current)
  })
  const back = useSubmit(async () => {
    await give(null, '')
    await onDone(false)
    setVersion((before) => before + 1)
  })
  const failure = error ?? back.error
  const onKeyDown = (event: KeyboardEvent<HTMLFormElement>) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    goesOn.current = next
    event.currentTarget.requestSubmit()
  }
  return (
    <div className="grid gap-3">
      <form key={version} onSubmit={submit} onKeyDown={onKeyDown} className="grid gap-3">
        {failure && <Notice tone="bad">{failure.message}</Notice>}
        <Field
          label={t('handIns.pointsOf', { max: number(grade.maxPoints) })}
          name="points"
          type="number"
          inputMode="decimal"
          min={0}
          max={grade.maxPoints}
          step="any"
          required
          className="max-w-32"
          defaultValue={grade.given?.points ?? grade.points ?? ''}
          error={fieldError('points')}
        />
        <AreaField
          label={t('handIns.comment')}
          hint={t('handIns.commentHint')}
          name="comment"
          rows={4}
          maxLength={4096}
          spellCheck
          className="font-sans text-sm"
          defaultValue={grade.given?.comment ?? ''}
          error={fieldError('comment')}
        />
        <div className="flex flex-wrap gap-2">
          <Button
            type="submit"
            look={next ? 'plain' : 'primary'}
            busy={busy}
            onClick={() => {
              goesOn.current = false
            }}
          >
            {t('handIns.give')}
          </Button>
          {next && (
            <Button
              type="submit"
              look="primary"
              busy={busy}
              aria-keyshortcuts="Control+Enter"
              onClick={() => {
                goesOn.current = true
              }}
            >
              {t('handIns.giveNext')}
            </Button>
          )}
        </div>
      </form>
      {grade.given && (
        <form onSubmit={back.submit}>
          <Button type="submit" look="quiet" size="small" busy={back.busy} className="-ml-2">
            {t(grade.tested === null ? 'handIns.takeBack' : 'handIns.useTests')}
          </Button>
        </form>
      )}
    </div>
  )
}

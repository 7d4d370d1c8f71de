'use client'

import { type KeyboardEvent, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../lib/api'
import { assignment, type Rubric } from '../../lib/protocol-assignments'
import { type Grade, grade as gradeSchema } from '../../lib/protocol-submissions'
import { useResource } from '../../lib/resource'
import { TextError } from '../../lib/text-error'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { AreaField, Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { Failed, SkeletonRows } from '../ui/states'
import { useToast } from '../ui/toast'
import { type Chosen, RubricChoice } from './rubric-choice'

/**
 * Points that a person gives, by the rubric of the assignment where it has one, and what they say to the student.
 *
 * @param onDone after they are stored; `next`: whoever gave them goes on with the next student
 * @param next whether there is one
 */
export function GradeForm(props: { grade: Grade; onDone: (next: boolean) => unknown; next?: boolean }) {
  const { data, error, mutate } = useResource(`/assignments/${props.grade.assignment}`, assignment)
  if (data) return <Form {...props} rubric={data.setup?.rubric ?? []} />
  return error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />
}

function Form({
  grade,
  rubric,
  onDone,
  next = false,
}: Parameters<typeof GradeForm>[0] & { readonly rubric: Rubric }) {
  const t = useTranslations()
  const first = chosenOf(grade, rubric)
  const chosen = useRef(first)
  const toast = useToast()
  const { number } = useFormat()
  const goesOn = useRef(false)
  // The form as it is by then: what was given is no longer in it.
  const [version, setVersion] = useState(0)
  const path = `/assignments/${grade.assignment}/grades/${grade.student.userId}`
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const levels = [...chosen.current].map(([criterion, level]) => ({ criterion, level }))
    if (levels.length < rubric.length) throw new TextError('rubrics.choose')
    const comment = text(form, 'comment').replace(/\r\n?/g, '\n')
    const given = rubric.length > 0 ? { levels } : { points: Number(text(form, 'points')) }
    await call(gradeSchema, path, { method: 'PUT', body: { ...given, comment } })
    toast.done(t('handIns.given'))
    onDone(goesOn.current)
  })
  const back = useSubmit(async () => {
    await call(gradeSchema, path, { method: 'PUT', body: { points: null, comment: '' } })
    toast.done(t('handIns.takenBack'))
    chosen.current = new Map()
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
        {rubric.length > 0 ? (
          <RubricChoice
            rubric={rubric}
            first={first}
            max={grade.maxPoints}
            onChange={(all) => {
              chosen.current = all
            }}
          />
        ) : (
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
        )}
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

/** What was chosen before, as far as the rubric still has it. */
function chosenOf({ given }: Grade, rubric: Rubric): Chosen {
  const known = new Map(rubric.map(({ id, levels }) => [id, levels.length]))
  const still = given?.levels?.filter(({ criterion, level }) => level < (known.get(criterion) ?? 0)) ?? []
  return new Map(still.map(({ criterion, level }) => [criterion, level]))
}

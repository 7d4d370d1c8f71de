'use client'

import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { order } from '../lib/api'
import { bytes } from '../lib/format'
import type {
  StudentQuota,
  StudentQuotaPart,
  studentQuotaSaid,
  studentQuotaUsed,
} from '../lib/protocol-student-quota'
import { useFormat } from '../lib/use-format'
import { text, useSubmit } from '../lib/use-submit'
import { Button } from './ui/button'
import { Field } from './ui/field'
import { Meter } from './ui/meter'
import { Notice } from './ui/notice'
import { useToast } from './ui/toast'

/** In the order that pages show them. */
const parts = [
  ...(['awake', 'sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids', 'snapshots'] as const),
  ...(['runs', 'queuedRuns', 'runStorageMiB'] as const),
] as const satisfies readonly StudentQuotaPart[]

/** What one student of a class or of the tenant may have at once. A field that is empty is as the tenant or Cloche has it. */
export function StudentQuotaForm({
  path,
  of,
  fixed,
  onChange,
}: {
  path: string
  of: z.infer<typeof studentQuotaSaid>
  /** Whoever looks may not change it. */
  fixed: boolean
  onChange: () => unknown
}) {
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const studentQuota = Object.fromEntries(
      parts.map((part) => {
        const typed = text(form, part).trim()
        return [part, typed === '' ? null : Number(typed)]
      }),
    )
    await order(path, { method: 'PATCH', body: { studentQuota } })
    await onChange()
    toast.done(t('studentQuota.saved'))
  })
  return (
    <form onSubmit={submit} className="grid gap-3 p-4">
      <p className="text-muted text-xs">{t('studentQuota.text')}</p>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <div className="grid grid-cols-[repeat(auto-fill,minmax(10rem,1fr))] gap-3">
        {parts.map((part) => (
          <Field
            key={`${part} ${of.said[part]}`}
            label={t(`studentQuota.parts.${part}`)}
            name={part}
            type="number"
            min={0}
            step={part === 'cpus' ? 0.01 : 1}
            defaultValue={of.said[part] ?? ''}
            placeholder={String(of.limits[part])}
            disabled={fixed}
            error={fieldError(`studentQuota.${part}`)}
          />
        ))}
      </div>
      {!fixed && (
        <Button type="submit" busy={busy} className="justify-self-start">
          {t('studentQuota.save')}
        </Button>
      )}
    </form>
  )
}

/** What a student has of it: they see their own. */
export function StudentQuotaMeters({
  limits,
  used,
}: {
  limits: StudentQuota
  used: z.infer<typeof studentQuotaUsed>
}) {
  const t = useTranslations()
  const format = useFormat()
  const amount = (part: StudentQuotaPart, value: number) =>
    part.endsWith('MiB') ? bytes(value * 1024 * 1024) : format.number(Number(value.toFixed(2)))
  return (
    <>
      <p className="px-4 pt-4 text-muted text-xs">{t('studentQuota.ownText')}</p>
      <div className="grid grid-cols-2 gap-x-6 gap-y-4 p-4 sm:grid-cols-3 lg:grid-cols-5">
        {parts.map((part) => (
          <Meter
            key={part}
            label={t(`studentQuota.parts.${part}`)}
            showLabel
            share={limits[part] > 0 ? used[part] / limits[part] : 1}
            text={`${amount(part, used[part])} / ${amount(part, limits[part])}`}
          />
        ))}
      </div>
    </>
  )
}

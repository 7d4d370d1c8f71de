'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Choice } from '../../components/ui/choice'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { order } from '../../lib/api'
import { type PoolStatus, type Weekday, weekday } from '../../lib/protocol-operator'
import { TextError } from '../../lib/text-error'
import { text, useSubmit } from '../../lib/use-submit'
import { poolName } from './pool-name'

interface WarmProps {
  readonly pools: readonly PoolStatus[]
  /** Which node, as the end of a path. */
  readonly query: string
  readonly onAsked: () => void
}

export function WarmDialog({
  open,
  onOpenChange,
  ...props
}: WarmProps & { readonly open: boolean; readonly onOpenChange: (open: boolean) => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t('operator.warmTitle')}
      description={t('operator.warmText')}
    >
      <WarmForm {...props} />
    </Dialog>
  )
}

const workdays: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']

function WarmForm({ pools, query, onAsked }: WarmProps) {
  const t = useTranslations()
  const [mode, setMode] = useState<'now' | 'schedule'>('now')
  const [days, setDays] = useState(workdays)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const pool = pools.find((entry) => poolName(entry, t) === text(form, 'pool'))
    if (!pool) throw new TextError('operator.poolGone')
    const { template, isolation, purpose, memoryMiB } = pool
    const wanted = { template, isolation, purpose, memoryMiB, count: Number(text(form, 'count')) }
    const holdMinutes = Number(text(form, 'holdMinutes'))
    if (mode === 'now')
      await order(`/admin/pools/warm${query}`, { method: 'POST', body: { ...wanted, holdMinutes } })
    else {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
      const body = { ...wanted, holdMinutes, at: text(form, 'at'), days, timeZone }
      await order(`/admin/pools/schedules/${encodeURIComponent(text(form, 'name'))}${query}`, {
        method: 'PUT',
        body,
      })
    }
    onAsked()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <SelectField label={t('operator.pool')} name="pool" error={fieldError('template')}>
          {pools.map((pool) => (
            <option key={poolName(pool, t)}>{poolName(pool, t)}</option>
          ))}
        </SelectField>
        <div className="grid grid-cols-2 gap-3">
          <Field
            label={t('units.bounds.sandboxes')}
            name="count"
            type="number"
            min={1}
            defaultValue={10}
            required
            error={fieldError('count')}
          />
          <Field
            label={t('operator.minutesToKeep')}
            name="holdMinutes"
            type="number"
            min={1}
            max={1440}
            defaultValue={60}
            required
            error={fieldError('holdMinutes')}
          />
        </div>
        <Choice
          label={t('operator.when')}
          value={mode}
          onChange={setMode}
          options={[
            { value: 'now', title: t('operator.nowMode') },
            { value: 'schedule', title: t('operator.onSchedule') },
          ]}
          className="grid-cols-2"
        />
        {mode === 'schedule' && (
          <>
            <div className="grid grid-cols-2 gap-3">
              <Field
                label={t('operator.name')}
                name="name"
                required
                pattern="[a-z0-9][a-z0-9\-]{0,63}"
                title={t('operator.scheduleNameRule')}
                placeholder="class-9b"
                error={fieldError('name')}
              />
              <Field
                label={t('operator.timeOfDay')}
                name="at"
                type="time"
                defaultValue="09:00"
                required
                error={fieldError('at')}
              />
            </div>
            <Days days={days} onChange={setDays} />
          </>
        )}
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy} disabled={mode === 'schedule' && days.length === 0}>
          {t(mode === 'now' ? 'operator.preWarm' : 'operator.saveSchedule')}
        </Button>
      </DialogFooter>
    </form>
  )
}

function Days({
  days,
  onChange,
}: {
  days: readonly Weekday[]
  onChange: (days: readonly Weekday[]) => void
}) {
  const t = useTranslations()
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">{t('operator.days')}</legend>
      <div className="flex flex-wrap gap-1">
        {weekday.options.map((day) => {
          const on = days.includes(day)
          return (
            <Button
              key={day}
              size="small"
              aria-pressed={on}
              aria-label={t(`operator.dayNames.${day}`)}
              className={on ? 'border-accent bg-accent-soft text-accent' : 'text-muted'}
              onClick={() => onChange(on ? days.filter((other) => other !== day) : [...days, day])}
            >
              {t(`operator.dayShort.${day}`)}
            </Button>
          )
        })}
      </div>
    </fieldset>
  )
}

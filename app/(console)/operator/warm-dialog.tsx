'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Choice } from '../../components/ui/choice'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { order } from '../../lib/api'
import { type PoolStatus, type Weekday, weekday } from '../../lib/protocol'
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
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Pre-warm sandboxes"
      description="Keep more sandboxes ready than the forecast asks for, for example before a class or a batch of work."
    >
      <WarmForm {...props} />
    </Dialog>
  )
}

const modes = [
  { value: 'now', title: 'Now' },
  { value: 'schedule', title: 'On a schedule' },
] as const

const workdays: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']

function WarmForm({ pools, query, onAsked }: WarmProps) {
  const [mode, setMode] = useState<'now' | 'schedule'>('now')
  const [days, setDays] = useState(workdays)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const pool = pools.find((entry) => poolName(entry) === text(form, 'pool'))
    if (!pool) throw new Error('This pool no longer exists. Choose another one.')
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
        <SelectField label="Pool" name="pool" error={fieldError('template')}>
          {pools.map((pool) => (
            <option key={poolName(pool)}>{poolName(pool)}</option>
          ))}
        </SelectField>
        <div className="grid grid-cols-2 gap-3">
          <Field
            label="Sandboxes"
            name="count"
            type="number"
            min={1}
            defaultValue={10}
            required
            error={fieldError('count')}
          />
          <Field
            label="Minutes to keep ready"
            name="holdMinutes"
            type="number"
            min={1}
            max={1440}
            defaultValue={60}
            required
            error={fieldError('holdMinutes')}
          />
        </div>
        <Choice label="When" value={mode} onChange={setMode} options={modes} className="grid-cols-2" />
        {mode === 'schedule' && (
          <>
            <div className="grid grid-cols-2 gap-3">
              <Field
                label="Name"
                name="name"
                required
                pattern="[a-z0-9][a-z0-9\-]{0,63}"
                title="Lowercase letters, digits and hyphens"
                placeholder="class-9b"
                error={fieldError('name')}
              />
              <Field
                label="Time of day"
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
          {mode === 'now' ? 'Pre-warm' : 'Save schedule'}
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
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">Days</legend>
      <div className="flex flex-wrap gap-1">
        {weekday.options.map((day) => {
          const on = days.includes(day)
          return (
            <Button
              key={day}
              size="small"
              aria-pressed={on}
              aria-label={day}
              className={on ? 'border-accent bg-accent-soft text-accent' : 'text-muted'}
              onClick={() => onChange(on ? days.filter((other) => other !== day) : [...days, day])}
            >
              <span className="capitalize">{day.slice(0, 3)}</span>
            </Button>
          )
        })}
      </div>
    </fieldset>
  )
}

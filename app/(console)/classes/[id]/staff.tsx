'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { member } from '../../../lib/protocol'
import type { ClassDescription, ClassStaff } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { text, useSubmit } from '../../../lib/use-submit'

const memberList = z.object({ members: z.array(member) })

/** Who teaches and assists in a class. Owners and admins of the tenant decide it. */
export function Staff({ of, onChange }: { of: ClassDescription; onChange: () => void }) {
  const t = useTranslations()
  const [question, setQuestion] = useState<Question | null>(null)
  const administers = of.role === 'admin'
  const { data } = useResource(administers ? '/members' : null, memberList)
  const taken = new Set(of.staff.map(({ userId }) => userId))
  const free = data?.members.filter(({ userId, role }) => role !== 'student' && !taken.has(userId)) ?? []
  const path = `/classes/${of.id}/staff`
  const { submit, busy, error } = useSubmit(async (form) => {
    await order(`${path}/${text(form, 'member')}`, { method: 'PUT', body: { role: text(form, 'role') } })
    onChange()
  })
  const remove = ({ userId, name }: ClassStaff) =>
    setQuestion({
      title: t('classes.askStaff', { name: oneLine(name) }),
      text: t('classes.askStaffText'),
      action: t('classes.delete'),
      run: async () => {
        await order(`${path}/${userId}`, { method: 'DELETE' })
        onChange()
      },
    })
  return (
    <Panel title={t('classes.staff')}>
      <ul className="divide-y divide-line">
        {of.staff.map((one) => (
          <li key={one.userId} className="flex items-center justify-between gap-3 px-4 py-2">
            <div className="min-w-0">
              <div className="font-medium">{oneLine(one.name)}</div>
              <div className="break-words text-muted text-xs">
                {t(`classes.roles.${one.role}`)} · {oneLine(one.email ?? '', 254)}
              </div>
            </div>
            {administers && (
              <Button
                look="quiet"
                size="small"
                aria-label={t('classes.askStaff', { name: oneLine(one.name) })}
                onClick={() => remove(one)}
              >
                {t('classes.delete')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {free.length > 0 && (
        <form key={of.staff.length} onSubmit={submit} className="grid gap-2 border-line border-t p-3">
          {error && <Notice tone="bad">{error.message}</Notice>}
          <div className="grid items-end gap-2 sm:grid-cols-[1fr_auto_auto]">
            <SelectField label={t('classes.staffAdd')} name="member">
              {free.map((one) => (
                <option key={one.userId} value={one.userId}>
                  {oneLine(one.name)} ({oneLine(one.email, 254)})
                </option>
              ))}
            </SelectField>
            <SelectField label={t('classes.role')} name="role" defaultValue="teacher">
              <option value="teacher">{t('classes.teacher')}</option>
              <option value="assistant">{t('classes.assistant')}</option>
            </SelectField>
            <Button type="submit" busy={busy}>
              {t('classes.add')}
            </Button>
          </div>
        </form>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

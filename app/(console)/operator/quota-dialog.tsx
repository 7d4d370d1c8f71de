'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { bounds } from '../../lib/limits'
import type { AdminTenant } from '../../lib/protocol'
import { useLimits } from '../../lib/use-limits'
import { text, useSubmit } from '../../lib/use-submit'

interface QuotaDialogProps {
  readonly tenant: AdminTenant | null
  readonly onClose: () => void
  readonly onChanged: () => void
}

export function QuotaDialog({ tenant, onClose, onChanged }: QuotaDialogProps) {
  const t = useTranslations()
  return (
    <Dialog
      open={tenant !== null}
      onOpenChange={(open) => !open && onClose()}
      title={t('operator.quotaOf', { name: oneLine(tenant?.name ?? '') })}
      description={t('operator.quotaText')}
    >
      {tenant && <QuotaForm tenant={tenant} onClose={onClose} onChanged={onChanged} />}
    </Dialog>
  )
}

function QuotaForm({
  tenant,
  onClose,
  onChanged,
}: {
  tenant: AdminTenant
  onClose: () => void
  onChanged: () => void
}) {
  const t = useTranslations()
  const { bare } = useLimits()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const quota = Object.fromEntries(bounds.map((bound) => [bound, Number(text(form, bound))]))
    await order(`/admin/tenants/${tenant.id}`, { method: 'PATCH', body: { quota } })
    toast.done(t('operator.quotaSaved', { name: oneLine(tenant.name) }))
    onChanged()
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <div className="grid grid-cols-2 gap-3">
          {bounds.map((bound) => (
            <Field
              key={bound}
              label={
                bound.endsWith('MiB')
                  ? t('operator.withMiB', { name: t(`units.bounds.${bound}`) })
                  : t(`units.bounds.${bound}`)
              }
              name={bound}
              type="number"
              min={0}
              step={bound === 'cpus' ? 0.01 : 1}
              required
              defaultValue={tenant.quota[bound]}
              hint={t('operator.inUse', { amount: bare(bound, tenant.used[bound]) })}
              error={fieldError(`quota.${bound}`)}
            />
          ))}
        </div>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('operator.saveQuota')}
        </Button>
      </DialogFooter>
    </form>
  )
}
